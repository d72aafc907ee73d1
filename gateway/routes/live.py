"""Watching: a socket for a job or for a workflow with all its jobs; see docs/live.md."""

from uuid import UUID

from fastapi import APIRouter, WebSocket

from gateway.callers import TenantCaller
from gateway.live.live import Live
from gateway.live.sockets import serve
from gateway.problems import not_found
from gateway.scope import Scope, TenantScope
from runs.views import RunUnknown

router = APIRouter(tags=["live"])


@router.websocket("/ws/workflows/{workflow_id}")
async def watch_workflow(
    socket: WebSocket, workflow_id: UUID, who: TenantCaller, scope: TenantScope
) -> None:
    """Everything that changes in a workflow."""
    live: Live = socket.app.state.live
    with live.places.taken(who):
        await _watch(socket, live, who, scope, str(workflow_id), None)


@router.websocket("/ws/jobs/{job_id}")
async def watch_job(socket: WebSocket, job_id: UUID, who: TenantCaller, scope: TenantScope) -> None:
    """Everything that changes in a job."""
    live: Live = socket.app.state.live
    with live.places.taken(who):
        try:
            home = await live.home_of(job_id)
        except RunUnknown as error:
            raise not_found("job") from error
        await _watch(socket, live, who, scope, home, str(job_id))


async def _watch(
    socket: WebSocket, live: Live, who: TenantCaller, scope: Scope, workflow: str, job: str | None
) -> None:
    """Refuse, or accept and serve.

    Raises:
        Problem: It is not there, or another's; the handshake is answered with it.
    """
    stated = live.settings
    what = "workflow" if job is None else "job"
    try:
        async with live.hub.topic(workflow) as topic:
            if topic.view.tenant != scope.id or (job is not None and topic.job(job) is None):
                raise not_found(what)
            topic.clean = scope.clean
            await socket.accept()
            async with live.hub.watching(topic, job, stated.live_queue) as watcher:
                with live.places.held(who, watcher):
                    await serve(socket, watcher, stated.live_heartbeat_s, stated.live_patience_s)
    except RunUnknown as error:
        raise not_found(what) from error
