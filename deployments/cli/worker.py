"""`slideloom worker`: one machine more, for a server that runs elsewhere."""

import os
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.markup import escape

from deployments.cli.show import console, print_rows

if TYPE_CHECKING:
    from deployments.serve.joining import Joined

_POSITIVE = Number(gte=1, lte=1000)


def worker(
    *,
    pool: str = "gpu",
    slots: Annotated[int | None, Parameter(validator=_POSITIVE)] = None,
    device: Annotated[list[str] | None, Parameter(consume_multiple=True, negative="")] = None,
    limit: Annotated[int, Parameter(validator=_POSITIVE)] = 1,
    name: str | None = None,
    grace: Annotated[float, Parameter(validator=Number(gte=0))] = 20,
    health_port: Annotated[int | None, Parameter(validator=Number(gte=0, lte=65535))] = None,
    health_host: str = "127.0.0.1",
    log_files: Annotated[bool, Parameter(negative="--no-log-files")] = True,
) -> int:
    """Work for the server that PREFECT_API_URL names, until Ctrl-C or SIGTERM.

    One process per GPU, or a few on the CPU, each with its own model in memory. One that dies is
    started again. At the end no more runs are claimed, and those at work may end.

    Args:
        pool: Work pool to work for.
        slots: Processes. By default one per GPU; without a GPU 2, or 1 on a single core.
        device: Devices to use, such as cuda:0 cuda:1, or cpu. By default every GPU, or the CPU.
        limit: Runs at the same time in each process.
        name: Name of the workers, which get a number each; by default pool and machine.
        grace: Seconds that runs may go on after the signal to stop.
        health_port: GET /health of the first process is answered here, that of the others at the
            ports after it; 0: any free ones.
        health_host: Where that listens.
        log_files: Whether what the processes print goes into files in SLIDELOOM_HOME/logs, not
            here; a container wants it here (--no-log-files).
    """
    from deployments.serve.joining import Joining, join
    from slideloom.engines.devices import check_name
    from slideloom.settings import settings

    for each in device or ():
        check_name(each)
    wanted = Joining(
        dict(os.environ),
        pool,
        slots,
        device or (),
        limit,
        name,
        grace_s=grace,
        health_port=health_port,
        health_host=health_host,
        logged=log_files,
    )
    join(wanted, settings(), _say, _show)
    return 0


def _say(what: str) -> None:
    console.print(escape(what))


def _show(joined: "Joined") -> None:
    logged = any(program.log for program in joined.programs)
    logs = str(joined.home / "logs") if logged else "here"
    rows = [("works for", joined.address), ("logs", logs)]
    for number, (program, device) in enumerate(zip(joined.programs, joined.devices, strict=True)):
        place = f", {joined.health[number]}" if joined.health else ""
        on = "" if device == "auto" else f" on {device}"
        rows.append((f"process {number + 1}", f"{program.name}{on}{place}"))
    print_rows("slideloom works", [(what, escape(value)) for what, value in rows])
    console.print("Ctrl-C here stops all of it")
