"""`slideloom status`: workflows, one workflow, or one job; once or until it ends."""

import json
from typing import Annotated

from cyclopts import Parameter

from deployments.cli.quiet import quieten
from slideloom.errors import ParametersUnusable


def status(
    run: str | None = None,
    *,
    watch: bool = False,
    tenant: str | None = None,
    all_open: Annotated[bool, Parameter("--open", negative="")] = False,
    as_json: Annotated[bool, Parameter("--json", negative="")] = False,
) -> int:
    """Show the workflows that are open or ended last; or one workflow; or one job.

    With `--watch` the exit code is 0 where it succeeded and 1 where it did not.

    Args:
        run: Id of a workflow or a job, or at least the first 8 digits of a recent one's.
        watch: Go on until it has ended.
        tenant: List this tenant's workflows only.
        all_open: List all that is open and nothing that has ended.
        as_json: Print JSON instead of a table; with `--watch` a line for every change.
    """
    if run is None and watch:
        raise ParametersUnusable("--watch wants an id: `slideloom status` lists the workflows")
    if run is not None and (tenant or all_open):
        raise ParametersUnusable("--tenant and --open are for the list: leave the id out")
    quieten()
    return _list(tenant, all_open, as_json) if run is None else _one(run, watch, as_json)


def _list(tenant: str | None, all_open: bool, as_json: bool) -> int:
    from deployments.cli.pages import list_page
    from deployments.cli.server import ask
    from deployments.cli.show import console
    from runs.views import list_workflows, plain

    limit = 200 if all_open else 50
    found = ask(lambda client: list_workflows(client, tenant, all_open, limit))
    if as_json:
        print(json.dumps({"workflows": [plain(line) for line in found]}, indent=2))
    elif found:
        console.print(list_page(found))
    else:
        console.print("no workflows: submit one with `slideloom submit workflow.yaml`")
    return 0


def _one(run: str, watch: bool, as_json: bool) -> int:
    from prefect.client.orchestration import PrefectClient

    from deployments.cli import watching
    from deployments.cli.ids import find
    from deployments.cli.pages import page
    from deployments.cli.server import ask
    from deployments.cli.show import console
    from runs.views import plain

    async def act(client: PrefectClient) -> int:
        kind, run_id = await find(client, run)
        if watch:
            return await watching.watch(client, kind, run_id, as_json)
        view = await watching.read(client, kind, run_id)
        if as_json:
            print(json.dumps(plain(view), indent=2))
        else:
            console.print(page(view))
        return 0

    return ask(act)
