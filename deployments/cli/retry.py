"""`slideloom retry`: try a failed job again."""

from deployments.cli.quiet import quieten


def retry(job: str) -> int:
    """Queue a failed job again; what was skipped because of it comes back.

    Tiles that are done are not computed again.

    Args:
        job: Id of a job, or at least the first 8 digits of a recent one's.
    """
    quieten()
    from prefect.client.orchestration import PrefectClient

    from deployments.cli.ids import find
    from deployments.cli.server import ask
    from deployments.cli.show import console
    from runs.requests import retry_job

    async def act(client: PrefectClient) -> str:
        _, run_id = await find(client, job, "job")
        await retry_job(client, run_id)
        return f"job {run_id} queues again: `slideloom status {run_id} --watch`"

    console.print(ask(act))
    return 0
