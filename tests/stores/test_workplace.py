"""A job whose place is in S3: several folders that share nothing else, one result, once."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from slideloom.engines.oracle import OracleEngine
from slideloom.errors import OutputConflict
from slideloom.parameters import SegmentCells
from slideloom.results.folder import MANIFEST, PARTS
from slideloom.results.identity import Claim
from slideloom.results.workplace import SharedWorkplace, Workplace
from slideloom.segmentation import job as steps
from slideloom.segmentation.job import Prepared
from slideloom.segmentation.quarantine import DIED, Quarantine
from slideloom.slides import open_slide
from slideloom.stores import Store
from tests.helpers.files import contents, drawn_slide

ENGINE = OracleEngine()


@pytest.fixture
def job(tmp_path: Path) -> SegmentCells:
    slide = drawn_slide(tmp_path / "a.png", 500, 400)
    return SegmentCells(
        slide=str(slide), mpp=0.5, model="oracle", tissue="off", tile_size=128, overlap=64
    )


def planned(job: SegmentCells, place: SharedWorkplace) -> Prepared:
    """What a job's process does first."""
    with open_slide(job.slide, job.mpp) as slide:
        return steps.share_plan(steps.prepare(job, slide, ENGINE.info, place.folder), place)


def segmented(job: SegmentCells, place: SharedWorkplace, tasks: list[int]) -> None:
    """What a shard does, on any machine."""
    plan = steps.fetch_plan(place)
    with open_slide(job.slide, job.mpp) as slide:
        for task in tasks:
            steps.run_tile_task(place.folder, task, slide, ENGINE, 4)
            place.send_part(plan.part_key(task))


def merged(job: SegmentCells, place: SharedWorkplace, prepared: Prepared) -> None:
    """All that comes before the commit."""
    steps.bring_parts(prepared.plan, place)
    steps.merge_job(place.folder)
    steps.aggregate_job(place.folder)
    with open_slide(job.slide, job.mpp) as slide:
        steps.draw_job(place.folder, slide)
    place.send(prepared.folder.names)


def committed(place: SharedWorkplace, prepared: Prepared) -> None:
    steps.commit_job(prepared)
    place.close(prepared.identity)


def in_store(store: Store) -> dict[str, bytes]:
    return {entry.name: store.get(entry.name) for entry in store.list()}


def test_machines_that_share_nothing_else_make_the_bytes_of_the_core(
    job: SegmentCells, s3: Store, tmp_path: Path
) -> None:
    at_home = SharedWorkplace(tmp_path / "home", s3)
    elsewhere = [SharedWorkplace(tmp_path / name, s3) for name in ("one", "two")]
    prepared = planned(job, at_home)
    assert prepared.claim is Claim.NEW
    tasks = steps.missing_tasks(prepared.plan, at_home)
    segmented(job, elsewhere[0], tasks[::2])
    assert steps.missing_tasks(prepared.plan, at_home) == tasks[1::2]
    assert 0 < steps.tiles_done(prepared.plan, at_home) < prepared.plan.tiles_kept
    segmented(job, elsewhere[1], tasks[1::2])
    merged(job, at_home, prepared)
    assert MANIFEST not in in_store(s3)
    committed(at_home, prepared)
    with open_slide(job.slide, job.mpp) as slide:
        steps.segment_slide(job, tmp_path / "core", slide, ENGINE)
    assert in_store(s3) == contents(tmp_path / "core")


def test_an_attempt_on_another_machine_takes_up_the_parts(
    job: SegmentCells, s3: Store, tmp_path: Path
) -> None:
    first, second = (SharedWorkplace(tmp_path / name, s3) for name in ("one", "two"))
    prepared = planned(job, first)
    segmented(job, first, [0, 1])
    prepared.folder.release()
    again = planned(job, second)
    again.folder.release()
    assert again.plan == prepared.plan
    assert steps.missing_tasks(again.plan, second) == list(range(2, len(again.plan.tasks)))


def test_what_an_attempt_left_of_another_result_is_not_taken_up(
    job: SegmentCells, s3: Store, tmp_path: Path
) -> None:
    first, second = (SharedWorkplace(tmp_path / name, s3) for name in ("one", "two"))
    planned(job, first).folder.release()
    segmented(job, first, [0])
    other = planned(job.model_copy(update={"overlap": 32}), second)
    other.folder.release()
    assert len(steps.missing_tasks(other.plan, second)) == len(other.plan.tasks)


def test_of_two_attempts_that_commit_one_wins_and_the_other_finds_it(
    job: SegmentCells, s3: Store, tmp_path: Path
) -> None:
    places = [SharedWorkplace(tmp_path / name, s3) for name in ("one", "two")]
    attempts = [planned(job, place) for place in places]
    segmented(job, places[0], list(range(len(attempts[0].plan.tasks))))
    for place, attempt in zip(places, attempts, strict=True):
        merged(job, place, attempt)
    committed(places[0], attempts[0])
    found = in_store(s3)
    committed(places[1], attempts[1])  # a late one: nothing changes
    assert in_store(s3) == found
    third = planned(job, SharedWorkplace(tmp_path / "three", s3))
    assert third.claim is Claim.COMPLETE
    assert json.loads((tmp_path / "three" / "summary.json").read_bytes())["cells"]["cells"] > 0


def test_the_result_of_something_else_is_never_written_over(
    job: SegmentCells, s3: Store, tmp_path: Path
) -> None:
    first = SharedWorkplace(tmp_path / "one", s3)
    prepared = planned(job, first)
    segmented(job, first, list(range(len(prepared.plan.tasks))))
    merged(job, first, prepared)
    committed(first, prepared)
    found = in_store(s3)
    second = SharedWorkplace(tmp_path / "two", s3)
    with pytest.raises(OutputConflict, match="something else"):
        planned(job.model_copy(update={"overlap": 32}), second)
    second.folder.mkdir(exist_ok=True)
    (second.folder / MANIFEST).write_text("{}")
    with pytest.raises(OutputConflict, match="something else"):
        second.close(replace(prepared.identity, key="another"))
    second.abandon()
    assert in_store(s3) == found


def test_a_part_that_lacks_a_tile_is_taken_up_by_those_alone_that_do_without_it(
    job: SegmentCells, s3: Store, tmp_path: Path
) -> None:
    place = SharedWorkplace(tmp_path / "one", s3)
    prepared = planned(job, place)
    prepared.folder.release()
    plan, bad = prepared.plan, Quarantine(gaps=True, skip=frozenset({2}))
    with open_slide(job.slide, job.mpp) as slide:
        for task in range(len(plan.tasks)):
            part = steps.run_tile_task(place.folder, task, slide, ENGINE, 4, bad=bad)
            place.send_part(part.key)
    assert steps.missing_tasks(plan, place, gaps=True) == []
    assert steps.missing_tasks(plan, place) == [0]
    assert steps.tiles_done(plan, place, gaps=True) == plan.tiles_kept
    merged(job, place, prepared)
    summary = json.loads(s3.get("summary.json"))
    assert summary["gaps"] == [{"row": 0, "column": 2, "reason": DIED}]
    segmented(job, place, [0])
    merged(job, place, prepared)
    assert "gaps" not in json.loads(s3.get("summary.json"))


@pytest.mark.parametrize("remote", [False, True])
def test_marks_outlive_their_process_and_tell_shards_apart(
    s3: Store, tmp_path: Path, remote: bool
) -> None:
    (tmp_path / PARTS).mkdir()
    place = SharedWorkplace(tmp_path, s3) if remote else Workplace(tmp_path)
    for token, tile in (("1-2", 7), ("1-2", 12), ("1-24", 7), ("2-2", 3)):
        place.mark(token, tile)
    place.unmark("1-2", 7)
    place.unmark("1-2", 8)
    assert place.marked("1-2") == {12}
    assert place.marked("1-24") == {7}
    assert place.marked("3-0") == set()
    assert place.parts() == set()


def test_bad_input_leaves_nothing(job: SegmentCells, s3: Store, tmp_path: Path) -> None:
    place = SharedWorkplace(tmp_path / "one", s3)
    planned(job, place).folder.release()
    segmented(job, place, [0])
    assert any(name.startswith(PARTS) for name in in_store(s3))
    place.abandon()
    assert in_store(s3) == {}
