"""While a job runs its finished parts are shown; when it has ended, its result; in any store."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from slideloom.engines.oracle import OracleEngine
from slideloom.errors import ResultDamaged
from slideloom.parameters import SegmentCells
from slideloom.results.folder import IDENTITY, MANIFEST, PARTS
from slideloom.results.parts import part_name
from slideloom.results.workplace import Workplace
from slideloom.segmentation import job as steps
from slideloom.segmentation.stored import PLAN, load_plan
from slideloom.slides import open_slide
from slideloom.stores import LocalRoot, Store
from slideloom.viewer.cellset import CellSet
from slideloom.viewer.finished import (
    NoCells,
    ResultTooLarge,
    Shape,
    find_finished,
    load_cells,
)
from slideloom.viewer.running import follow
from tests.helpers.files import contents, drawn_slide
from tests.helpers.s3 import s3_server, s3_store

ROOM = 1 << 30
ALL = (0.0, 0.0, 1e6, 1e6)
Shown = Callable[[], Store]
"""Puts a job's folder where others see it, and gives the place."""


class Job:
    """A job that is taken one tile task further at a time.

    Args:
        folder: Where it works.
        slide: Its slide.
    """

    def __init__(self, folder: Path, slide: Path) -> None:
        self.folder, self.engine = folder, OracleEngine()
        self.slide = open_slide(slide, 0.5)
        given: dict[str, Any] = {"tile_size": 256, "overlap": 128, "tissue": "auto"}
        self.job = SegmentCells(slide=str(slide), mpp=0.5, model="oracle", **given)
        self.prepared = steps.prepare(self.job, self.slide, self.engine.info, folder)

    def segment(self, *tasks: int) -> None:
        for task in tasks:
            steps.run_tile_task(self.folder, task, self.slide, self.engine, 4)

    def finish(self) -> None:
        self.segment(*steps.missing_tasks(self.prepared.plan, Workplace(self.folder)))
        steps.merge_job(self.folder)
        steps.aggregate_job(self.folder)
        steps.draw_job(self.folder, self.slide)
        steps.commit_job(self.prepared)


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    begun = Job(tmp_path / "job", drawn_slide(tmp_path / "a.png"))
    yield begun
    begun.prepared.folder.release()
    begun.slide.close()


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server() as url:
        yield url


@pytest.fixture(params=["local", "s3"])
def shown(request: pytest.FixtureRequest, tmp_path: Path) -> Shown:
    if request.param == "local":
        return lambda: Store(LocalRoot(tmp_path / "job"))
    place = s3_store(request.getfixturevalue("s3"), "lab", tmp_path.name)

    def put() -> Store:
        there = contents(tmp_path / "job")
        for entry in place.list():
            if entry.name not in there:
                place.remove(entry.name)
        for name, content in there.items():
            if name in {MANIFEST, PLAN} or not place.has(name):
                place.put_if_absent(name, content)
        return place

    return put


def ids(cells: CellSet) -> list[str]:
    return [cell["id"] for cell in cells.described(ALL, 100_000)[1]]


def test_what_is_found_so_far_grows_into_the_result(job: Job, shown: Shown) -> None:
    tasks = range(len(job.prepared.plan.tasks))
    assert len(tasks) > 2
    running = follow(shown(), None, ROOM)
    assert running is not None
    assert (running.shape, len(running.cells)) == (Shape(900, 700, 0.5), 0)
    found = 0
    for task in tasks:
        job.segment(task)
        running = follow(shown(), running, ROOM)
        assert running is not None
        assert len(running.cells) > found
        found = len(running.cells)
    assert find_finished(shown()) is None
    so_far = set(ids(running.cells))
    job.finish()
    assert follow(shown(), running, ROOM) is None
    finished = find_finished(shown())
    assert finished is not None
    assert finished.shape == running.shape
    result = load_cells(shown(), ROOM)
    told = result.described(ALL, 100_000)[1]
    # With an overlap as large as this every cell is seen whole by its owner.
    assert so_far == {cell["id"] for cell in told if not cell["rescued"]}


def test_parts_are_read_once(job: Job) -> None:
    store = Store(LocalRoot(job.folder))
    job.segment(0)
    before = follow(store, None, ROOM)
    assert before is not None
    key = job.prepared.plan.part_key(0)
    (job.folder / part_name(key)).write_bytes(b"changed, and never looked at again")
    job.segment(1)
    after = follow(store, before, ROOM)
    assert after is not None
    assert set(ids(before.cells)) < set(ids(after.cells))


def test_another_plan_starts_anew(job: Job) -> None:
    store = Store(LocalRoot(job.folder))
    job.segment(0)
    before = follow(store, None, ROOM)
    plan = load_plan(job.folder)
    other = plan.model_copy(update={"libraries": {"numpy": "0"}})
    store.put(PLAN, other.model_dump_json().encode())
    after = follow(store, before, ROOM)
    assert before is not None
    assert after is not None
    assert len(before.cells) > len(after.cells) == 0


def test_a_damaged_part_counts_as_missing(job: Job) -> None:
    store = Store(LocalRoot(job.folder))
    job.segment(0, 1)
    whole = follow(store, None, ROOM)
    (job.folder / part_name(job.prepared.plan.part_key(0))).write_bytes(b"rubbish")
    rest = follow(store, None, ROOM)
    assert whole is not None
    assert rest is not None
    assert set() < set(ids(rest.cells)) < set(ids(whole.cells))


def test_of_a_task_with_two_parts_the_whole_one_counts(job: Job) -> None:
    store, plan = Store(LocalRoot(job.folder)), job.prepared.plan
    job.segment(0)
    once = follow(store, None, ROOM)
    store.put(part_name(plan.gap_key(0)), store.get(part_name(plan.part_key(0))))
    twice = follow(store, None, ROOM)
    assert once is not None
    assert twice is not None
    assert ids(once.cells) == ids(twice.cells)


def test_a_job_without_a_plan_has_nothing(tmp_path: Path) -> None:
    store = Store(LocalRoot(tmp_path / "none"))
    assert follow(store, None, ROOM) is None
    assert find_finished(store) is None
    store.put(IDENTITY, b"{}")
    assert follow(store, None, ROOM) is None


def test_more_than_there_is_room_for_is_refused(job: Job) -> None:
    job.segment(0)
    with pytest.raises(ResultTooLarge, match="wait for the result"):
        follow(Store(LocalRoot(job.folder)), None, 10)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"slide": {"width_px": 1}}'])
def test_a_plan_that_is_none_is_told(job: Job, content: bytes) -> None:
    store = Store(LocalRoot(job.folder))
    store.put(PLAN, content)
    with pytest.raises(ResultDamaged):
        follow(store, None, ROOM)
    store.remove_below(PARTS)
    store.put(MANIFEST, content)
    with pytest.raises((ResultDamaged, NoCells)):
        find_finished(store)


def test_a_result_without_cells_is_told(tmp_path: Path) -> None:
    store = Store(LocalRoot(tmp_path))
    store.put(MANIFEST, b'{"files": [{"name": "tissue.png", "sha256": "00"}]}')
    with pytest.raises(NoCells):
        find_finished(store)
