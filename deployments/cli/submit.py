"""`slideloom submit`: hand a workflow to the server."""

import sys
from typing import Annotated

from cyclopts import Parameter

from deployments.cli.quiet import quieten
from deployments.cli.running import Interrupted
from slideloom.errors import BadInput
from slideloom.scheduling.spec import WorkflowSpec, parse_spec
from slideloom.scheduling.text import MAX_BYTES


class SpecFileUnreadable(BadInput):
    """The file with the spec cannot be read."""


def submit(
    file: Annotated[str, Parameter(allow_leading_hyphen=True)],
    *,
    watch: bool = False,
    key: str | None = None,
) -> int:
    """Submit a workflow and wait until the server has accepted or refused it.

    Slides are named as the server knows them: a relative path begins in the tenant's slide folder
    there, not in this folder.

    Args:
        file: The spec in YAML or JSON; `-` reads it from the standard input.
        watch: Go on until it has ended; the exit code is 0 where it succeeded, else 1.
        key: The same key gives the same workflow, made once, however often it is submitted.
    """
    spec = parse_spec(_content(file))
    quieten()
    return _submit(spec, watch, key)


def _content(file: str) -> bytes:
    try:
        if file == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with open(file, "rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise SpecFileUnreadable(
            f"{file} cannot be read ({getattr(error, 'strerror', None) or error}): give the "
            "workflow's file, or - for the standard input"
        ) from error


def _submit(spec: WorkflowSpec, watch: bool, key: str | None) -> int:
    from prefect.client.orchestration import PrefectClient

    from deployments.cli import accepting, watching
    from deployments.cli.server import ask

    made: list[str] = []

    async def act(client: PrefectClient) -> int:
        workflow = await accepting.submit(client, spec, key, made.append)
        return await watching.watch(client, "workflow", workflow) if watch else 0

    try:
        return ask(act)
    except Interrupted as stop:
        if not made:
            raise
        print(
            f"slideloom: workflow {made[0]} goes on without this command: "
            f"`slideloom status {made[0]} --watch`, or `slideloom cancel {made[0]}`",
            file=sys.stderr,
        )
        return stop.code
