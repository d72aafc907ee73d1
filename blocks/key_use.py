"""When keys were used last: one Prefect variable a key, apart from the key's block.

A block is updated by reading, merging and writing; written every minute, it could undo that
somebody revokes the key in that moment. A variable holds nothing but the time.
"""

import re
from datetime import UTC, datetime
from typing import Any

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import VariableCreate, VariableUpdate
from prefect.exceptions import ObjectNotFound

from blocks.keys import find_key

_PREFIX = "slideloom_key_used_"
_NAME = re.compile(rf"{_PREFIX}(?P<id>[0-9a-f]{{16}})")
_PAGE = 200
_MISSING = 404


async def write_use(client: PrefectClient, key_id: str, at: datetime) -> None:
    """Write down that a key was used; nothing stays of one that is revoked meanwhile."""
    name, said = f"{_PREFIX}{key_id}", at.astimezone(UTC).isoformat(timespec="seconds")
    try:
        await client.update_variable(VariableUpdate(name=name, value=said))
    except (httpx.HTTPStatusError, ObjectNotFound) as error:
        if isinstance(error, httpx.HTTPStatusError) and error.response.status_code != _MISSING:
            raise
        await client.create_variable(VariableCreate(name=name, value=said))
    # Revoking marks the key first: either it finds this variable, or the mark is found here.
    key = await find_key(key_id)
    if key is None or key.revoked is not None:
        await forget_use(client, key_id)


async def forget_use(client: PrefectClient, key_id: str) -> None:
    """Remove what is written of a key's use, if anything is."""
    try:
        await client.delete_variable_by_name(f"{_PREFIX}{key_id}")
    except ObjectNotFound:
        return


async def read_uses(client: PrefectClient) -> dict[str, datetime]:
    """When each key was used last, by its id; those that never were are left out."""
    found: dict[str, datetime] = {}
    page, offset = await _page(client, 0), 0
    while page:
        found.update(use for each in page if (use := _use(each)))
        offset += len(page)
        page = await _page(client, offset) if len(page) == _PAGE else []
    return found


async def _page(client: PrefectClient, offset: int) -> list[dict[str, Any]]:
    wanted = {"name": {"like_": f"{_PREFIX}%"}}
    answer = await client.request(
        "POST", "/variables/filter", json={"variables": wanted, "limit": _PAGE, "offset": offset}
    )
    found: list[dict[str, Any]] = answer.json()
    return found


def _use(variable: dict[str, Any]) -> tuple[str, datetime] | None:
    """What a variable says; None where somebody has written something else into it."""
    named = _NAME.fullmatch(str(variable.get("name")))
    try:
        at = datetime.fromisoformat(str(variable.get("value")))
    except ValueError:
        return None
    return (named["id"], at) if named and at.tzinfo else None
