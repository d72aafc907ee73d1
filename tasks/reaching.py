"""From a job's addresses to what this process can open: S3 wants a key, a cache, and scratch.

Addresses are all that a run's parameters hold. The key comes from the tenant's blocks, on whichever
machine the run is.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import (
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from prefect.client.orchestration import get_client

from blocks import Tenant, is_remote, load_tenant
from runs.admission import deployed_run
from runs.records import JobRun, job_run
from slideloom.errors import BadInput, OutputBusy, ParametersUnusable, SlideloomError
from slideloom.parameters import SegmentCells, TissueMaskJob
from slideloom.progress import Progress
from slideloom.results.identity import Claim
from slideloom.results.workplace import SharedWorkplace, Workplace
from slideloom.settings import settings
from tasks.jobs import NO_MASK
from tasks.shared import close_slides

_Job = TypeVar("_Job", SegmentCells, TissueMaskJob)


async def own_job() -> JobRun | None:
    """The job whose run this is; None where it is not a run of a deployment."""
    own = deployed_run()
    if own is None:
        return None
    async with get_client() as client:
        return job_run(await client.read_flow_run(own.id))


@asynccontextmanager
async def reached(
    own: JobRun | None, job: _Job, out: str, progress: Progress
) -> AsyncIterator[tuple[_Job, Workplace]]:
    """What a job works on and where, as this process can open it, while the block runs.

    Args:
        own: The job's run; None where it is not a run of a deployment.
        job: The job; its slide may be an address in S3.
        out: Folder of its result, or an address in S3.
        progress: The attempt; when it is to stop, so does what is being fetched.

    Raises:
        Stopped: The attempt was asked to end.
        SlideUnreadable: The slide is not there, or cannot be fetched.
        ParametersUnusable: Only jobs on a server can be in S3, or the tenant's place has changed.
    """
    tenant = await _tenant_of(own, job, out)
    async with AsyncExitStack() as stack:
        if tenant is not None:
            # Before the slide may leave the cache: an open file keeps its room on the disk.
            stack.callback(close_slides)
        changed = {"slide": await _brought(stack, tenant, job.slide, progress)}
        if isinstance(job, SegmentCells) and job.tissue not in NO_MASK:
            changed["tissue"] = await _brought(stack, tenant, job.tissue, progress)
        place = stack.enter_context(workplace(tenant, out))
        yield job.model_copy(update=changed), place


async def _tenant_of(own: JobRun | None, job: _Job, out: str) -> Tenant | None:
    """Whose key is wanted; None where all is on this machine."""
    mask = job.tissue if isinstance(job, SegmentCells) else ""
    if not any(map(is_remote, (job.slide, mask, out))):
        return None
    if own is None:
        raise ParametersUnusable(
            f"{job.slide} and {out}: addresses in S3 are for workflows on a server, where the "
            "tenant's blocks hold the key; give local paths here"
        )
    return await load_tenant(own.tenant)


async def _brought(
    stack: AsyncExitStack, tenant: Tenant | None, address: str, progress: Progress
) -> str:
    if tenant is None or not is_remote(address):
        return address
    opened = tenant.slide_file(address, progress.go_on)
    opening = asyncio.ensure_future(asyncio.to_thread(opened.__enter__))
    # A thread goes on when its caller is cancelled: it is told, and what it has opened is closed.
    stack.push_async_callback(_close, opened, opening, progress)
    return str(await asyncio.shield(opening))


async def _close(
    opened: AbstractContextManager[Path], opening: "asyncio.Future[Path]", progress: Progress
) -> None:
    if not opening.done():
        progress.stop()
        await asyncio.wait([opening])
    if opening.exception() is None:
        await asyncio.to_thread(opened.__exit__, None, None, None)


@contextmanager
def workplace(tenant: Tenant | None, out: str) -> Iterator[Workplace]:
    """Where a job with this address of its result works; scratch is removed after the block."""
    if tenant is None or not is_remote(out):
        yield Workplace(Path(out))
        return
    store = tenant.result_place(out)
    scratch = settings().home / "scratch"
    _sweep(scratch)
    folder = scratch / f"{os.getpid()}-{uuid4().hex[:12]}"
    try:
        yield SharedWorkplace(folder, store)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(scratch: Path) -> None:
    """Remove what processes of this machine have left that were killed."""
    for folder in scratch.glob("*-*"):
        process = folder.name.partition("-")[0]
        if process.isdecimal() and not (Path("/proc") / process).exists():
            shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def left_clean(place: Workplace, claim: Claim) -> AsyncIterator[None]:
    """Where the input turns out bad, leave nothing in the store either, if this attempt was first.

    What an earlier attempt has finished is kept: on another machine it may be of use.
    """
    try:
        yield
    except OutputBusy:
        raise
    except BadInput:
        if claim is Claim.NEW:
            with suppress(SlideloomError, OSError):
                await asyncio.to_thread(place.abandon)
        raise
