"""The workflows' progress, shown on their runs as jobs end.

A workflow's own run sleeps meanwhile, so it cannot say. Nobody waits for these writes: there is one
at a time, with a pause after it, and what changes in the meantime becomes one write.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from prefect.client.orchestration import PrefectClient

from deployments.dispatcher.cache import RunCache
from deployments.dispatcher.isolation import guarded
from deployments.dispatcher.tasks import forever, until_any
from runs.ending import end
from runs.share import show_share
from runs.states import AWAITING

_PAUSE_S = 0.1
_Share = tuple[int, int]
"""Jobs that have ended, and all."""


class WorkflowProgress:
    """What is still to be shown; the last word on a workflow counts.

    Args:
        client: Prefect's client.
        cache: What is known.
    """

    def __init__(self, client: PrefectClient, cache: RunCache) -> None:
        """Nothing planned yet: after a restart every workflow is looked at once."""
        self._client, self._cache = client, cache
        self._planned: dict[str, _Share] = {}
        self._todo: dict[str, _Share] = {}
        self._work = asyncio.Event()

    def plan(self) -> None:
        """Take note of the workflows in which jobs have ended."""
        # A run that is awake shows it by itself.
        sleeping = [run.id for run in self._cache.workflows.values() if run.state == AWAITING]
        shares = {each: self._share(each) for each in sleeping if self._cache.is_complete(each)}
        self._todo.update(
            {each: share for each, share in shares.items() if self._planned.get(each) != share}
        )
        known = {each: share for each, share in self._planned.items() if self._is_known(each)}
        self._planned = known | shares
        if self._todo:
            self._work.set()

    def _is_known(self, workflow: str) -> bool:
        return workflow in self._cache.workflows

    def _share(self, workflow: str) -> _Share:
        branches = self._cache.view(workflow).branches
        ended = [job.state.ended for branch in branches for job in branch.jobs]
        return sum(ended), len(ended)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Write while the block runs."""
        writer = asyncio.create_task(forever(self._show_next))
        try:
            yield
        finally:
            await end(writer)

    async def _show_next(self) -> None:
        await until_any(self._todo, self._work)
        workflow = next(iter(self._todo))
        share = self._todo.pop(workflow)
        try:
            with guarded(workflow):
                await show_share(self._client, UUID(workflow), *share)
        except BaseException:
            self._todo.setdefault(workflow, share)
            raise
        await asyncio.sleep(_PAUSE_S)
