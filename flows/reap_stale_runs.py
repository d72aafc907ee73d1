"""One sweep over runs that nobody will end, by an operator's hand."""

from prefect import flow
from prefect.client.orchestration import get_client

from runs.reaper import sweep


@flow(name="reap_stale_runs", flow_run_name="sweep")
async def reap_stale_runs() -> dict[str, int]:
    """Put in order what was taken and not started, fell silent, or is cancelled without a worker.

    The dispatcher does the same all the time.

    Returns:
        How many runs of each kind were put in order.
    """
    async with get_client() as client:
        return await sweep(client)
