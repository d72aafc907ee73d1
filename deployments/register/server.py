"""The Prefect server that is named: there, and of our version."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import prefect
from prefect.client.orchestration import PrefectClient, get_client
from prefect.settings import PREFECT_API_URL

from deployments.register.errors import ServerMismatch, ServerMissing, ServerUnreachable


def check_named() -> str:
    """The server's address.

    Raises:
        ServerMissing: There is none; Prefect would start a temporary server and forget all.
    """
    address = PREFECT_API_URL.value()
    if not address:
        raise ServerMissing(
            "this needs a Prefect server and PREFECT_API_URL names none: `make serve` starts one "
            "and prints its address"
        )
    return str(address)


@asynccontextmanager
async def connected() -> AsyncIterator[PrefectClient]:
    """A client of the server, once it has answered and is of our version.

    Raises:
        ServerMissing: None is named.
        ServerUnreachable: It does not answer, at first or later.
        ServerMismatch: It is of another version.
    """
    address = check_named()
    try:
        async with get_client() as client:
            await _check_version(client, address)
            yield client
    except httpx.TransportError as error:
        raise ServerUnreachable(
            f"the Prefect server at {address} does not answer ({error or type(error).__name__}): "
            "look whether it runs and whether PREFECT_API_URL is right"
        ) from error


async def _check_version(client: PrefectClient, address: str) -> None:
    version = await client.api_version()
    if version != prefect.__version__:
        raise ServerMismatch(
            f"the server at {address} is Prefect {version}, slideloom needs {prefect.__version__}: "
            "run that version there, or name another server in PREFECT_API_URL"
        )
