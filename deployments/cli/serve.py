"""`slideloom serve`: database, Prefect server, dispatcher and workers, until Ctrl-C."""

import os
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.markup import escape

from deployments.cli.show import console, print_rows

if TYPE_CHECKING:
    from deployments.serve.door import FirstKey
    from deployments.serve.stack import Stack


def serve(
    *,
    port: Annotated[int, Parameter(validator=Number(gte=0, lte=65535))] = 4200,
    host: str = "127.0.0.1",
    sqlite: Annotated[bool, Parameter(negative="")] = False,
    slots: Annotated[int | None, Parameter(validator=Number(gte=0, lte=1000))] = None,
    door_port: Annotated[int, Parameter(validator=Number(gte=0, lte=65535))] = 8000,
    door_host: str = "127.0.0.1",
) -> int:
    """Run all that is needed to work through workflows, until Ctrl-C or SIGTERM.

    That is PostgreSQL, a Prefect server, the dispatcher, the workers of the three pools and the
    tenants' door. Data and logs are in SLIDELOOM_HOME. A server that PREFECT_API_URL names and a
    database that SLIDELOOM_DATABASE_URL names are used instead of own ones.

    Args:
        port: Where Prefect's pages and API are; 0: any free port.
        host: Where they listen. Others than this machine need a password
            (PREFECT_SERVER_API_AUTH_STRING).
        sqlite: Keep Prefect's data in SQLite: for one person with small slides only.
        slots: Processes that load a model and work for the pool gpu. By default one per GPU;
            without a GPU 2, or 1 on a single core. 0: other machines do that (slideloom worker).
        door_port: Where tenants find their pages and API; 0: any free port.
        door_host: Where that listens. Others than this machine should reach it only through a
            proxy that speaks TLS.
    """
    from deployments.serve.stack import Wanted
    from deployments.serve.stack import serve as run
    from slideloom.settings import settings

    wanted = Wanted(dict(os.environ), host, port, sqlite, slots, door_host, door_port)
    run(wanted, settings(), _say, _show)
    return 0


def _say(what: str) -> None:
    console.print(escape(what))


def _show(stack: "Stack", first: "FirstKey | None") -> None:
    rows = [
        ("tenants' door", stack.door.url),
        ("its reference", f"{stack.door.url}/docs"),
        ("Prefect's pages", stack.address.removesuffix("/api")),
        ("its API", stack.address),
        ("database", stack.database.told if stack.database else "the server's"),
        ("data", str(stack.home)),
        ("logs", str(stack.home / "logs")),
    ]
    print_rows("slideloom serves", [(what, escape(value)) for what, value in rows])
    if first:
        console.print(f"tenant {first.tenant} was made to try things out; its key, shown once:")
        print(first.key, flush=True)
    console.print("next: `slideloom submit workflow.yaml`; Ctrl-C here stops all of it")
