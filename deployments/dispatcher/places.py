"""The tenants' places, kept in a Prefect variable from one decision to the next."""

from collections.abc import Sequence

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import VariableCreate, VariableUpdate
from prefect.exceptions import ObjectNotFound

from runs.names import PLACES
from runs.places import read, written
from slideloom.scheduling.state import Place

_MISSING = 404


class PlacesRecord:
    """The variable, and what was last written into it."""

    def __init__(self, client: PrefectClient) -> None:
        """Nothing read yet."""
        self._client = client
        self._lines: list[str] | None = None
        self.places: Sequence[Place] = ()

    async def load(self) -> None:
        """Read the variable; without one there are no places."""
        variable = await self._client.read_variable_by_name(PLACES)
        self.places = read(variable.value if variable else [])
        self._lines = written(self.places) if variable else None

    async def save(self, places: Sequence[Place]) -> None:
        """Write the places down where they have changed, before anything is done about them."""
        lines = written(places)
        if lines != self._lines:
            await self._write(lines)
        self.places, self._lines = tuple(places), lines

    async def _write(self, lines: list[str]) -> None:
        """Whether or not it is there: it may have been deleted, or made by a lost request."""
        try:
            await self._client.update_variable(VariableUpdate(name=PLACES, value=lines))
        except (httpx.HTTPStatusError, ObjectNotFound) as error:
            if isinstance(error, httpx.HTTPStatusError) and error.response.status_code != _MISSING:
                raise
            await self._client.create_variable(VariableCreate(name=PLACES, value=lines))
