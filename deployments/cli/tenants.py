"""`slideloom tenants`: add, list and show the tenants of the Prefect server, and their keys."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import App

from deployments.cli.inputs import absolute
from deployments.cli.quiet import quieten
from deployments.cli.show import console, print_rows, print_table
from slideloom.errors import ParametersUnusable

if TYPE_CHECKING:
    from blocks import Tenant

tenants = App(name="tenants", help="Tenants of the Prefect server: add, list, show; their keys.")
tenants.command("deployments.cli.keys:keys", name="keys")


@tenants.command
def add(
    name: str,
    *,
    display_name: str | None = None,
    slides: str | None = None,
    results: str | None = None,
    model: str | None = None,
    gpu_limit: int | None = None,
    retention_days: int | None = None,
) -> int:
    """Add a tenant, or change what is given here of one that is there.

    Args:
        name: The tenant's id: lower-case letters, digits and hyphens, at most 63.
        display_name: Name for people to read.
        slides: Folder or s3:// URL of the tenant's slides; without one, as the slide store has it.
        results: Folder or s3:// URL that gets the tenant's results, in a folder of the id.
        model: Model of jobs that name none.
        gpu_limit: Shards of this tenant that run at the same time.
        retention_days: Days that results are kept; without a number they are kept.
    """
    given = {
        "display_name": display_name,
        "slide_root": _folder(slides),
        "result_root": _place(results),
        "default_model": model,
        "gpu_limit": gpu_limit,
        "retention_days": retention_days,
    }
    quieten()
    from deployments.cli.server import ask
    from deployments.register.tenants import add_tenant

    stated = {field: value for field, value in given.items() if value is not None}
    added = ask(lambda _: add_tenant(name, stated))
    console.print(_said(added.changed, name))
    print_rows(name, _rows(added.tenant, added.gpu_limit))
    return 0


@tenants.command(name="list")
def list_all() -> int:
    """List the tenants."""
    quieten()
    from deployments.cli.server import ask
    from deployments.register.tenants import known_tenants

    rows = [
        [
            tenant.id,
            tenant.display_name,
            str(tenant.slide_store.root),
            tenant.model,
            str(limit),
            _days(tenant),
        ]
        for tenant, limit in ask(lambda _: known_tenants())
    ]
    print_table("tenants", ["id", "name", "slides", "model", "GPU limit", "kept"], rows)
    if not rows:
        console.print("none yet: add one with `slideloom tenants add NAME`")
    return 0


@tenants.command
def show(name: str) -> int:
    """Show a tenant.

    Args:
        name: The tenant's id.
    """
    quieten()
    from deployments.cli.server import ask
    from deployments.register.tenants import known_tenant

    tenant, limit = ask(lambda _: known_tenant(name))
    print_rows(name, _rows(tenant, limit))
    return 0


def _folder(slides: str | None) -> str | None:
    """The place as runs know it.

    Raises:
        ParametersUnusable: It is a folder that is not there.
    """
    place = _place(slides)
    if place is not None and not _is_url(place) and not Path(place).is_dir():
        raise ParametersUnusable(f"--slides: {place} is not a folder: make it first")
    return place


def _place(stated: str | None) -> str | None:
    """A folder as runs know it; a URL is the block's to check."""
    if not stated or _is_url(stated):
        return stated or None
    return absolute(Path(stated))


def _is_url(stated: str) -> bool:
    return "://" in stated


def _said(changed: list[str] | None, name: str) -> str:
    if changed is None:
        return f"added tenant {name}"
    fields = ", ".join(field.replace("_", " ") for field in changed)
    return f"tenant {name} was there: {f'changed {fields}' if changed else 'nothing changed'}"


def _rows(tenant: "Tenant", gpu_limit: int) -> list[tuple[str, Any]]:
    return [
        ("name", tenant.name),
        ("slides", str(tenant.slide_store.root)),
        ("results", str(tenant.result_store.root)),
        ("model", tenant.model),
        ("GPU limit", str(gpu_limit)),
        ("results kept", _days(tenant)),
    ]


def _days(tenant: "Tenant") -> str:
    days = tenant.retention_days
    return f"{days} days" if days else "for ever"
