"""Shards: every tile task in one at a time, sized by speed, suspects alone in the end."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slideloom.engines.oracle import OracleEngine
from slideloom.errors import EngineFailed
from slideloom.segmentation.plan import Plan, make_plan
from slideloom.segmentation.shards import (
    FIRST_TASKS,
    MOST_DEATHS,
    MOST_IN_A_ROW,
    MOST_KILLERS,
    MOST_STOPS,
    TARGET_S,
    Pace,
    ShardQueue,
    shard_key,
)
from slideloom.slides import fingerprint, open_slide
from slideloom.tissue import TissueMask
from tests.helpers.files import drawn_slide


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Of many small tiles, some 80 tile tasks of four."""
    path = drawn_slide(tmp_path_factory.mktemp("slide") / "a.png", 1200, 1100)
    with open_slide(path, 0.5) as slide:
        tissue = TissueMask.everywhere(slide)
        return make_plan(slide, fingerprint(slide), OracleEngine().info, tissue, 128, 64)


def queue(plan: Plan, lanes: int = 2, tile_s: float | None = None) -> ShardQueue:
    return ShardQueue(plan, lanes, Pace(tile_s), list(range(len(plan.tasks))))


def test_the_first_are_small_as_nothing_is_known(plan: Plan) -> None:
    assert queue(plan).next() == tuple(range(FIRST_TASKS))


def test_a_shard_takes_as_long_as_it_should(plan: Plan) -> None:
    tasks = queue(plan, lanes=1, tile_s=TARGET_S / 40).next()
    assert sum(len(plan.tasks[task]) for task in tasks) == 40


def test_slow_tiles_still_make_a_shard(plan: Plan) -> None:
    assert queue(plan, tile_s=10 * TARGET_S).next() == (0,)


def test_the_last_ones_are_shared_out(plan: Plan) -> None:
    waiting = queue(plan, lanes=4, tile_s=0.001)
    total, sizes = len(plan.tasks), []
    while tasks := waiting.next():
        sizes.append(len(tasks))
    assert sizes[0] == -(-total // 4)
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 1


@given(
    lanes=st.integers(1, 6),
    tile_s=st.none() | st.floats(0.001, 100),
    fates=st.lists(st.integers(0, 5), max_size=60),
)
def test_every_task_is_in_one_shard_at_a_time_until_it_is_done(
    plan: Plan, lanes: int, tile_s: float | None, fates: list[int]
) -> None:
    """Fate 0: the shard's worker dies with nothing done; otherwise all is done."""
    waiting, done = queue(plan, lanes, tile_s), Counter[int]()
    fate = iter(fates)
    while tasks := waiting.next():
        assert not set(tasks) & set(waiting.waiting)
        if next(fate, 1) == 0:
            waiting.give_back(tasks)
        else:
            waiting.succeeded()
            done.update(tasks)
    given_up = {task for task, count in waiting.deaths.items() if count >= MOST_DEATHS}
    assert done == Counter(set(range(len(plan.tasks))) - given_up)
    assert bool(given_up) is (waiting.failure is not None)


def test_who_is_stopped_without_fault_is_not_blamed(plan: Plan) -> None:
    waiting, stops = queue(plan), 0
    while tasks := waiting.next():
        if 0 in tasks and stops < MOST_STOPS - 1:
            stops += 1
            waiting.give_back(tasks, blame=False)
    waiting.check()
    assert not +waiting.deaths
    waiting.give_back([0], blame=False, said="stopped once more")
    with pytest.raises(EngineFailed, match="stopped once more"):
        waiting.check()


def test_a_task_that_kills_is_found_and_all_others_are_done(plan: Plan) -> None:
    killer, done = 17, set[int]()
    waiting = queue(plan, tile_s=0.2)
    while tasks := waiting.next():
        if killer in tasks:
            last = tasks
            waiting.give_back(tasks)
        else:
            done |= set(tasks)
    with pytest.raises(EngineFailed, match="workers died or gave up on the tiles") as failed:
        waiting.check()
    assert last == (killer,)
    assert done == set(range(len(plan.tasks))) - {killer}
    for tile in plan.tiles(killer):
        assert f"({tile.row}, {tile.column})" in str(failed.value)
    assert waiting.deaths[killer] == MOST_DEATHS
    others = set(waiting.deaths) - {killer}
    assert all(waiting.deaths[task] < MOST_DEATHS for task in others)


def shards_where_tiles_kill(waiting: ShardQueue, killers: set[int]) -> Counter[int]:
    """Work the queue off; how many workers died on each tile task.

    A shard's worker dies on the first tile that kills; the last one for a task leaves its mark.
    """
    plan, deaths = waiting.plan, Counter[int]()
    while tasks := waiting.next():
        tiles = [tile for task in tasks for tile in plan.tasks[task]]
        deadly = [tile for tile in tiles if tile in killers - waiting.skip]
        if deadly:
            deaths.update(task for task in tasks if deadly[0] in plan.tasks[task])
            waiting.give_back(tasks, deadly[:1] if waiting.is_last(tasks) else ())
        else:
            waiting.succeeded()
    waiting.check()
    return deaths


@given(killers=st.sets(st.integers(0, 255), max_size=MOST_KILLERS), lanes=st.integers(1, 4))
@example(killers={4, 5, 6, 7}, lanes=2)
def test_tiles_that_kill_are_left_out_and_no_others(
    plan: Plan, killers: set[int], lanes: int
) -> None:
    waiting = queue(plan, lanes, tile_s=0.2)
    waiting.gaps = True
    deaths = shards_where_tiles_kill(waiting, killers)
    assert waiting.skip == killers
    for task, count in deaths.items():
        assert count <= MOST_DEATHS * len(killers & set(plan.tasks[task]))


def test_a_tile_that_kills_fails_the_job_that_does_not_do_without_it(plan: Plan) -> None:
    tile = plan.tiles(17)[2]
    with pytest.raises(EngineFailed, match=rf"\({tile.row}, {tile.column}\): look.*gap"):
        shards_where_tiles_kill(queue(plan), {plan.tasks[17][2]})


def test_workers_that_die_in_many_places_die_of_something_else(plan: Plan) -> None:
    waiting = queue(plan)
    waiting.gaps = True
    with pytest.raises(EngineFailed, match=f"{MOST_KILLERS} tiles have been left out"):
        shards_where_tiles_kill(waiting, {tiles[0] for tiles in plan.tasks[: MOST_KILLERS + 3]})
    assert len(waiting.skip) == MOST_KILLERS


def test_a_task_that_kills_on_none_of_its_tiles_fails_the_job(plan: Plan) -> None:
    waiting = queue(plan)
    waiting.gaps = True
    shards = 0
    while tasks := waiting.next():
        shards += 1
        waiting.give_back(tasks)
    with pytest.raises(EngineFailed, match="died or gave up"):
        waiting.check()
    assert not waiting.skip
    # Where all die, it is soon found out that it is no tile's fault.
    assert shards <= MOST_IN_A_ROW


def test_speed_is_learned_and_nonsense_is_not() -> None:
    pace = Pace()
    pace.learn(0, 10)
    pace.learn(10, 0)
    assert pace.tile_s is None
    pace.learn(10, 20)
    assert pace.tile_s == 2.0
    pace.learn(10, 40)
    assert pace.tile_s == 3.0


def test_keys_tell_shards_apart(tmp_path: Path) -> None:
    keys = {shard_key(plan, tasks) for plan in ("a", "b") for tasks in ((1,), (1, 2), (2, 1))}
    assert len(keys) == 6
