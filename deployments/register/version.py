"""Which slideloom the server was prepared by: workers of another one refuse to start."""

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import VariableCreate, VariableUpdate
from prefect.exceptions import ObjectAlreadyExists

from runs.names import VERSION
from slideloom import __version__


async def register_version(client: PrefectClient) -> None:
    """Write our version onto the server."""
    there = await client.read_variable_by_name(VERSION)
    if there is None:
        try:
            await client.create_variable(VariableCreate(name=VERSION, value=__version__))
            return
        except ObjectAlreadyExists:  # somebody else was quicker
            there = await client.read_variable_by_name(VERSION)
    if there is None or there.value != __version__:
        await client.update_variable(VariableUpdate(name=VERSION, value=__version__))
