"""One slide over two GPU workers that are killed, stopped, and started again."""

import random
import signal
from pathlib import Path

import pytest

from runs import labels
from runs.states import JOBS_CANCELLED
from tests.chaos.city import City
from tests.helpers.waiting import wait_until
from tests.shards.jobs import TILES, draw, ends, expected, job_of, result, submit
from tests.shards.told import Told


def test_two_workers_give_the_bytes_of_the_bare_core(town: City, told: Told) -> None:
    slide = draw(town, "both")
    workflow = submit(town, "both")
    assert ends(town, workflow) == "Completed"
    assert result(town, workflow) == expected(town, slide)
    assert told.processes() == {town.crew[name].pid for name in ("gpu-1", "gpu-2")}
    assert told.tiles() == TILES
    shards = [line.about[0] for line in told.lines("shard-begins")]
    assert len(shards) <= 12


@pytest.mark.parametrize("seed", [1, 2])  # the third is the one over S3
def test_a_killed_worker_costs_no_finished_tile(town: City, told: Told, seed: int) -> None:
    chance = random.Random(seed)
    tenant, victim = f"killed-{seed}", chance.choice(["gpu-1", "gpu-2"])
    slide = draw(town, tenant)
    workflow = submit(town, tenant)
    finished = chance.randrange(1, TILES // 4 - 2)
    wait_until(lambda: told.tasks_ended() >= finished)
    town.kill(victim)
    town.start(victim)
    assert ends(town, workflow) == "Completed"
    assert result(town, workflow) == expected(town, slide)
    assert told.computed_again() == []
    # The job itself went on: it is the shard that was tried again.
    assert job_of(town, workflow).labels[labels.ATTEMPT] == 1


def test_a_killed_job_takes_its_shards_over(town: City, told: Told) -> None:
    slide = draw(town, "adopts")
    workflow = submit(town, "adopts")
    wait_until(lambda: told.tasks_ended() >= 3)
    town.kill("jobs-1")
    town.start("jobs-1")
    assert ends(town, workflow) == "Completed"
    assert result(town, workflow) == expected(town, slide)
    assert told.computed_again() == []
    assert told.tiles() == TILES
    assert job_of(town, workflow).labels[labels.ATTEMPT] == 2


def test_a_stopped_worker_that_goes_on_later_changes_nothing(town: City, told: Told) -> None:
    slide = draw(town, "stopped")
    workflow = submit(town, "stopped")
    first = town.crew["gpu-1"]
    wait_until(lambda: first.pid in {line.process for line in told.lines("task-begins")})
    first.send(signal.SIGSTOP)
    try:
        assert ends(town, workflow) == "Completed"
    finally:
        first.send(signal.SIGCONT)
    found = result(town, workflow)
    assert found == expected(town, slide)
    # It goes on and finds out that it has been given up.
    again = submit(town, "stopped")
    assert ends(town, again) == "Completed"
    wait_until(lambda: not told.shards_at_work())
    assert result(town, workflow) == found


def test_a_cancelled_job_frees_its_workers_leaves_no_result_and_can_be_taken_up(
    town: City, told: Told
) -> None:
    slide = draw(town, "cancels")
    workflow = submit(town, "cancels")
    wait_until(lambda: told.tasks_ended() >= 2)
    job = job_of(town, workflow)
    town.cancel(str(job.id))
    assert ends(town, workflow) == JOBS_CANCELLED
    wait_until(lambda: not told.shards_at_work())
    out = Path(job.parameters["out"])
    assert {path.name for path in out.iterdir()} <= {
        "parts",
        "run.json",
        "tissue.geojson",
        "tissue.png",
    }
    assert told.tiles() < TILES
    town.retry(str(job.id))
    wait_until(lambda: town.state(workflow) == "Completed")
    assert result(town, workflow) == expected(town, slide)
    assert told.computed_again() == []


def test_the_limits_hold_at_the_workers(town: City, told: Told) -> None:
    tenants = ("a", "b", "c")
    for tenant in tenants:
        draw(town, tenant)
    town.start("gpu-3")
    town.limit("tag:gpu", 2)
    town.limit("tag:gpu-tenant:a", 1)
    try:
        workflows = {tenant: submit(town, tenant) for tenant in tenants}
        jobs = {tenant: str(job_of(town, workflow).id) for tenant, workflow in workflows.items()}
        assert {ends(town, workflow) for workflow in workflows.values()} == {"Completed"}
    finally:
        town.limit("tag:gpu", 5)
        town.kill("gpu-3")
    assert told.most_at_once({jobs["a"]}) == 1
    assert told.most_at_once(set(jobs.values())) == 2
