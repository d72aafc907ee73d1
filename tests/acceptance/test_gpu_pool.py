"""The GPU pool at full size: workers killed at random moments, and how soon the first tile begins.

What workers computed is what they told (see `tests.shards.telling_worker`), when it was is on the
server. `POOL_KILLS` and `POOL_SEED` change the kills.
"""

import os
import random
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from slideloom.models import SHIPPED_MODEL
from slideloom.segmentation.shards import MOST_DEATHS
from tests.acceptance.pool import AS_SERVED, MEGAPIXELS, SLIDE, Wanted, ends
from tests.chaos.city import City, city
from tests.helpers.files import contents
from tests.helpers.large_slides import large_slide
from tests.helpers.prefects import LEAVES_SOCKETS
from tests.helpers.timeline import Timeline, timeline
from tests.helpers.waiting import wait_until
from tests.shards.jobs import job_of, result
from tests.shards.told import Told

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(3600), *LEAVES_SOCKETS]
CREW = ("dispatcher", "control", "jobs-1", "gpu-1", "gpu-2")
WORKERS = CREW[-2:]
KILLS = int(os.environ.get("POOL_KILLS", "10"))
SEED = int(os.environ.get("POOL_SEED", "20261125"))
SMALL = {"tile_size": 512, "overlap": 64}
"""Many tiles on a slide that does not take long."""
ORACLE = {"model": "oracle", **SMALL}
PER_JOB = MOST_DEATHS - 1
"""Kills that a job bears whatever they hit."""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A worker takes a tenth of a second more for a tile, so that there is time to kill it."""
    folder = tmp_path_factory.mktemp("pool")
    given = {
        **AS_SERVED,
        "TELL": str(folder / "told"),
        "TILE_S": "0.1",
        "SLIDELOOM_WORKERS": "1",
        "SLIDELOOM_RETRY_DELAY_S": "0.5",
    }
    with city(folder, CREW, **given) as built:
        yield built


@pytest.fixture
def told(town: City) -> Told:
    """What the workers tell from now on."""
    told = Told(Path(town.environment["TELL"]))
    told.forget()
    return told


def slide_of(town: City, tenant: str, megapixels: float) -> Path:
    """A slide of the tenant's, who is added with it."""
    town.add_tenants([tenant])
    return large_slide(town.folder / "slides" / tenant / SLIDE, megapixels)


def through_kills(
    town: City, told: Told, wanted: Wanted, slide: Path, chance: random.Random, kills: int
) -> int:
    """Run a job while workers are killed; how often a tile went through an engine in vain.

    Each is killed in the forward pass of a tile that chance has chosen, or beside it.
    """
    told.forget()
    expected = town.folder / f"bare-{slide.parent.name}-{wanted.given['model']}"
    tiles = wanted.bare(slide, expected, threads=2).tiles
    moments = sorted(chance.sample(range(1, tiles - len(WORKERS)), kills))
    workflow = wanted.submit(town)
    for moment in moments:
        wait_until(partial(passed, told, moment), timeout_s=900)
        victim = chance.choice(WORKERS)
        town.kill(victim)
        town.start(victim)
    assert ends(workflow) == "Completed", town.logs()
    assert result(town, workflow) == contents(expected)
    assert told.computed_again() == []
    shutil.rmtree(expected)
    return told.tiles() - tiles


def passed(told: Told, tiles: int) -> bool:
    """Whether so many tiles have begun to go through an engine."""
    return told.tiles() >= tiles


def test_workers_killed_at_random_moments_cost_no_finished_tile(
    town: City, told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    slide = slide_of(town, "killed", MEGAPIXELS / 2)
    chance, wanted = random.Random(SEED), Wanted("killed", ORACLE)
    left, vain = KILLS, []
    while left > 0:
        vain.append(through_kills(town, told, wanted, slide, chance, min(left, PER_JOB)))
        left -= PER_JOB
    with capsys.disabled():
        print(f"\n{KILLS} kills (seed {SEED}) over {len(vain)} jobs: tiles in vain per job {vain}")


def test_a_worker_killed_with_the_real_model(
    town: City, told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    slide = slide_of(town, "real", MEGAPIXELS / 4)
    wanted = Wanted("real", {"model": SHIPPED_MODEL, **SMALL})
    vain = through_kills(town, told, wanted, slide, random.Random(SEED), PER_JOB)
    with capsys.disabled():
        print(f"\n{PER_JOB} kills with {SHIPPED_MODEL}: {vain} tiles in vain")


def test_the_first_tile_after_an_admission(
    town: City, told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    slide_of(town, "first", MEGAPIXELS / 10)
    wanted = Wanted("first")
    for name in ("jobs-1", *WORKERS):
        town.kill(name)
        town.start(name)
    found = {"all workers new": first_tile(town, told, wanted)}
    for name in WORKERS:
        town.kill(name)
        town.start(name)
    found["GPU workers new"] = first_tile(town, told, wanted)
    found["warm"] = first_tile(town, told, wanted)
    with capsys.disabled():
        for how, (first_s, steps) in found.items():
            print(
                f"\n{how}: first tile {first_s:.2f} s after the admission; {steps.tile_tasks} "
                f"tile tasks in {len(steps.segmenting)} shards, {steps.task_runs} task runs\n  "
                f"{steps.told()}"
            )


def first_tile(town: City, told: Told, wanted: Wanted) -> tuple[float, Timeline]:
    """Seconds from a job's admission to its first forward pass, and all of its times."""
    told.forget()
    workflow = wanted.submit(town)
    assert ends(workflow) == "Completed", town.logs()
    steps = timeline(str(job_of(town, workflow).id))
    first = next(told.lines("pass"))
    assert steps.admitted_s < first.at_s < steps.ended_s
    tasks = [task for shard in steps.segmenting for task in shard.tasks]
    assert steps.tile_tasks == len(tasks)
    return first.at_s - steps.admitted_s, steps
