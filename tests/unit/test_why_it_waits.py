"""What a job says that waits for the GPU pool."""

from uuid import uuid4

from prefect.client.schemas.objects import FlowRun, Worker, WorkerStatus

from tasks.reporting import why_it_waits


def worker(status: WorkerStatus) -> Worker:
    return Worker(name="w", work_pool_id=uuid4(), status=status)


def test_no_worker_is_running() -> None:
    for workers in ([], [worker(WorkerStatus.OFFLINE)]):
        assert "no worker of pool gpu is running" in why_it_waits("alice", [], workers)


def test_all_workers_are_busy() -> None:
    shard = FlowRun(flow_id=uuid4())
    said = why_it_waits("alice", [shard], [worker(WorkerStatus.ONLINE)])
    assert said == "all workers of pool gpu are busy"


def test_the_limits_are_reached() -> None:
    said = why_it_waits("alice", [], [worker(WorkerStatus.OFFLINE), worker(WorkerStatus.ONLINE)])
    assert said == "the limits gpu and gpu-tenant:alice are reached"
