"""`slideloom tenants keys`: make, list, rotate and revoke keys to the tenants' door."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from rich.markup import escape

from deployments.cli.quiet import quieten
from deployments.cli.show import console, print_table
from slideloom.errors import ParametersUnusable

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient

    from blocks import DoorKey
    from blocks.keys import KeyText

MAX_DAYS = 3650
MAX_GRACE_HOURS = 24 * 30.0
_MAX_LABEL = 120

keys = App(name="keys", help="Keys to the tenants' door: add, list, rotate, revoke.")


@keys.command
def add(
    tenant: str | None = None,
    *,
    label: str = "",
    days: int | None = None,
    operator: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Make a key and show it, once: only a digest of it is kept.

    Args:
        tenant: The tenant's id.
        label: What the key is for, for people.
        days: Days after which it opens nothing any more; without a number it does not end.
        operator: Make an operator's key, which belongs to no tenant.
    """
    if operator == (tenant is not None):
        raise ParametersUnusable("name a tenant, or give --operator for a key of no tenant")
    if days is not None and not 1 <= days <= MAX_DAYS:
        raise ParametersUnusable(f"--days: from 1 to {MAX_DAYS}")
    if len(label) > _MAX_LABEL:
        raise ParametersUnusable(f"--label: at most {_MAX_LABEL} characters")
    quieten()
    from deployments.cli.server import ask

    text, key = ask(lambda _: _made(tenant, label, days))
    _show(text, key)
    return 0


@keys.command(name="list")
def list_all(tenant: str | None = None) -> int:
    """List keys, the oldest first; a key itself cannot be shown again.

    Args:
        tenant: Only this tenant's.
    """
    quieten()
    from deployments.cli.server import ask

    rows = ask(lambda client: _rows(client, tenant))
    header = ["id", "tenant", "label", "created", "expires", "revoked", "last use"]
    print_table("keys", header, rows)
    if not rows:
        console.print("none yet: make one with `slideloom tenants keys add TENANT`")
    return 0


@keys.command
def rotate(key_id: str, *, grace_hours: float = 24.0) -> int:
    """Make a key in the place of another, and show it, once; the old one ends after a while.

    Args:
        key_id: The old key's id.
        grace_hours: How long the old one still opens the door.
    """
    if not 0 <= grace_hours <= MAX_GRACE_HOURS:
        raise ParametersUnusable(f"--grace-hours: from 0 to {MAX_GRACE_HOURS:g}")
    quieten()
    from blocks.keys import rotate_key
    from deployments.cli.server import ask

    key_id = _id(key_id)
    now, grace = datetime.now(UTC), timedelta(hours=grace_hours)
    text, key = ask(lambda _: rotate_key(key_id, now, grace))
    console.print(f"key {key_id} opens the door for at most {grace_hours:g} hours more")
    _show(text, key)
    return 0


@keys.command
def revoke(key_id: str) -> int:
    """Have a key open nothing any more, nor the cookies that were got for it.

    Args:
        key_id: The key's id.
    """
    quieten()
    from deployments.cli.server import ask

    key_id = _id(key_id)
    ask(lambda client: _revoked(client, key_id))
    console.print(
        f"key {key_id} is revoked; a door that has just seen it may take it for some seconds more "
        "(SLIDELOOM_GATEWAY_KEY_CACHE_S)"
    )
    return 0


def _id(stated: str) -> str:
    """The id, also of a whole key: an error would repeat what it was given."""
    from blocks.keys import read_key

    whole = read_key(stated)
    return whole.id if whole else stated


async def _made(tenant: str | None, label: str, days: int | None) -> tuple["KeyText", "DoorKey"]:
    from blocks import load_tenant
    from blocks.keys import make_key

    if tenant is not None:
        await load_tenant(tenant)
    now = datetime.now(UTC)
    return await make_key(tenant or "", label, now, now + timedelta(days=days) if days else None)


async def _rows(client: "PrefectClient", tenant: str | None) -> list[list[str]]:
    from blocks.key_use import read_uses
    from blocks.keys import list_keys
    from deployments.cli.wording import printable

    found = [key for key in await list_keys() if tenant in (None, key.tenant)]
    used = await read_uses(client) if found else {}
    return [
        [
            key.id,
            "operator" if key.is_operators else key.tenant,
            escape(printable(key.label)),
            *map(_moment, (key.created, key.expires, key.revoked, used.get(key.id))),
        ]
        for key in found
    ]


async def _revoked(client: "PrefectClient", key_id: str) -> None:
    from blocks.key_use import forget_use
    from blocks.keys import end_key

    await end_key(key_id, revoked=datetime.now(UTC))
    await forget_use(client, key_id)


def _show(text: "KeyText", key: "DoorKey") -> None:
    whose = f"tenant {key.tenant}" if key.tenant else "an operator"
    until = f"until {_moment(key.expires)}" if key.expires else "until it is revoked"
    console.print(f"key {text.id} of {whose}, {until}; shown this once, keep it safe:")
    # Plain, and alone on its line: nothing may wrap it or take it for markup.
    print(text)


def _moment(at: datetime | None) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if at else ""
