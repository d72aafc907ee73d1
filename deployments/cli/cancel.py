"""`slideloom cancel`: a workflow with all its jobs, or one job."""

from deployments.cli.quiet import quieten


def cancel(run: str) -> int:
    """Cancel a workflow with all its jobs, or a job; what waits at once, what runs soon.

    Jobs that come after a cancelled one in its branch, or need that branch, are skipped; other
    branches go on.

    Args:
        run: Id of a workflow or a job, or at least the first 8 digits of a recent one's.
    """
    quieten()
    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.objects import StateType

    from deployments.cli.ids import find
    from deployments.cli.server import ask
    from deployments.cli.show import console
    from runs.requests import cancel_job, cancel_workflow

    async def act(client: PrefectClient) -> str:
        kind, run_id = await find(client, run)
        state = await (cancel_job if kind == "job" else cancel_workflow)(client, run_id)
        if state is StateType.CANCELLING:
            return f"{kind} {run_id} is being cancelled: `slideloom status {run_id}`"
        return f"{kind} {run_id} is cancelled"

    console.print(ask(act))
    return 0
