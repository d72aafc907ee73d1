"""Sockets: who watches learns everything that happens, in order, and nobody else's."""

import asyncio
import socket as sockets
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.events.clients import get_events_subscriber
from prefect.states import Completed, Running

from gateway.answers import TilesOut
from runs import events
from runs.creation import read_jobs
from runs.requests import cancel_job
from tests.gateway.counting import counted
from tests.gateway.door import Door, open_door
from tests.gateway.sockets import NEVER_S, history, made, put_state, quick, watch
from tests.helpers.waiting import wait_until
from tests.runs.made import put, tell_tiles
from tests.workflows.server import admit, carry_out, gpu_worker, on_server, spec, submit


def test_every_state_and_the_progress_of_a_job_are_told(hearing_door: Door) -> None:
    stated = spec("alice")
    given = {"mpp": 0.5, "model": "oracle", "tissue": "off", "tile_size": 128, "overlap": 64}
    stated["branches"][0]["jobs"] = [{"kind": "segment_cells", "slide": "a.png", **given}]

    async def begin(client: PrefectClient) -> tuple[UUID, Any]:
        workflow = await submit(client, stated)
        await carry_out(client, workflow)
        (job,) = await read_jobs(client, workflow)
        return workflow, job

    async def go_on(client: PrefectClient) -> None:
        await admit(client, job)
        async with gpu_worker(client):
            await carry_out(client, UUID(job.id))

    workflow, job = on_server(begin)
    known = history(job.id)
    with (
        watch(hearing_door, f"jobs/{job.id}") as one,
        watch(hearing_door, f"workflows/{workflow}") as all_of_it,
    ):
        assert one.next().job.state == "PENDING"
        assert [each.id for each in all_of_it.next().workflow.branches[0].jobs] == [job.id]
        on_server(go_on)
        ended = one.until_type("ended")
        all_of_it.until(lambda told: told.type == "workflow" and told.workflow.jobs_ended == 1)
    assert (ended.what, ended.id, ended.state) == ("job", job.id, "SUCCEEDED")
    happened = history(job.id)[len(known) :]
    assert [name for name, _ in happened][-3:] == ["Pending", "Running", "Completed"]
    for watcher in (one, all_of_it):
        assert [(step.name, step.at) for step in watcher.steps()] == happened
    told = [message for message in one.got if message.type in {"progress", "state"}]
    counts = [each.tiles if each.type == "progress" else each.job.tiles for each in told]
    assert any(each and each.done == each.total > 0 for each in counts)
    assert all("/alice/results" not in message.model_dump_json() for message in one.got)


def test_progress_and_reasons_without_an_event_are_told_all_the_same(live_door: Door) -> None:
    workflow = made("a", "b")
    first, second = workflow.jobs["a"], workflow.jobs["b"]

    async def change(client: PrefectClient) -> None:
        await tell_tiles(client, first, 3, 10)
        tags = (await client.read_flow_run(UUID(second))).tags
        await client.update_flow_run(UUID(second), tags=[*tags, "waiting:WORKER"])

    with watch(live_door, f"workflows/{workflow.id}") as watcher:
        watcher.until_type("snapshot")
        put_state(first, Running(), attempt=1)
        assert watcher.until_type("state").job.attempt == 1
        on_server(change)
        told = {each.type: each for each in (watcher.until(_is_small), watcher.until(_is_small))}
    assert (told["progress"].job, told["progress"].tiles) == (first, TilesOut(done=3, total=10))
    assert (told["reason"].job, told["reason"].reason) == (second, "WORKER")
    assert told["reason"].waits == "all workers are busy"


def _is_small(message: Any) -> bool:
    return message.type in {"progress", "reason"}


def test_a_cancelled_job_is_told(hearing_door: Door) -> None:
    workflow = made("a", "b")
    with watch(hearing_door, f"jobs/{workflow.jobs['b']}") as watcher:
        watcher.until_type("snapshot")
        on_server(lambda client: cancel_job(client, workflow.jobs["b"]))
        assert watcher.until_type("state").job.state == "CANCELLED"
        assert watcher.until_type("ended").state == "CANCELLED"


def test_states_that_come_and_go_between_two_reads_are_told(house: Path) -> None:
    workflow = made("a")
    job = workflow.jobs["a"]

    async def change(client: PrefectClient) -> None:
        for number in range(8):
            await put(client, job, Running(name=f"Running {number}"), attempt=1)
        await put(client, job, Completed())

    with (
        open_door(quick(live_interval_s=2.0, live_recheck_s=NEVER_S)) as door,
        watch(door, f"jobs/{job}") as watcher,
    ):
        watcher.until_type("snapshot")
        on_server(change)
        watcher.until_type("ended")
    assert [(step.name, step.at) for step in watcher.steps()] == history(job)[1:]
    assert len([each for each in watcher.got if each.type == "state"]) < 9


class Line:
    """The stream of events to a door, which can be cut.

    Attributes:
        cut: While it is set there is no stream.
    """

    def __init__(self) -> None:
        self.cut = threading.Event()
        self.opened = 0
        self._streams: list[tuple[asyncio.AbstractEventLoop, Any]] = []

    def subscriber(self, **given: Any) -> Any:
        if self.cut.is_set():
            raise OSError("the line is cut")
        stream = get_events_subscriber(**given)
        self._streams.append((asyncio.get_running_loop(), stream))
        self.opened += 1
        return stream

    def cut_off(self) -> None:
        self.cut.set()
        loop, stream = self._streams[-1]
        loop.call_soon_threadsafe(stream._websocket.transport.abort)


def test_what_happens_while_the_stream_of_events_is_cut_is_told_afterwards(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line()
    monkeypatch.setattr(events, "get_events_subscriber", line.subscriber)
    job = made("a").jobs["a"]
    with (
        open_door(quick(live_recheck_s=NEVER_S)) as door,
        watch(door, f"jobs/{job}") as watcher,
    ):
        watcher.until_type("snapshot")
        put_state(job, Running(name="Before"), attempt=1)
        watcher.until(lambda told: told.type == "state" and told.steps[-1].name == "Before")
        line.cut_off()
        for name in ("One", "Two", "Three"):
            put_state(job, Running(name=name))
        line.cut.clear()
        wait_until(lambda: line.opened > 1)
        put_state(job, Completed())
        watcher.until_type("ended")
    assert [(step.name, step.at) for step in watcher.steps()] == history(job)[1:]


def has_ended(told: Any) -> bool:
    """Whether it says that the job that is watched has succeeded."""
    state = told.job.state if told.type == "snapshot" else getattr(told, "state", None)
    return bool(state == "SUCCEEDED")


def test_a_slow_reader_gets_a_snapshot_and_the_right_end(house: Path) -> None:
    workflow = made("a")
    job, bulky = workflow.jobs["a"], "x" * 60_000

    async def flood(client: PrefectClient) -> None:
        for number in range(60):
            await put(client, job, Running(message=f"{number} {bulky}"), attempt=1)
        await put(client, job, Completed(message="done"))

    with (
        open_door(quick(live_interval_s=0.0, live_queue=2)) as door,
        sockets.socket() as slow,
    ):
        slow.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", int(door.url.rsplit(":", 1)[1])))
        with (
            watch(door, f"jobs/{job}", sock=slow, compression=None, max_queue=1) as late,
            watch(door, f"jobs/{job}") as prompt,
        ):
            late.until_type("snapshot")
            on_server(flood)
            prompt.until_type("ended")
            late.until(has_ended)
    assert any(told.type == "snapshot" and told.resync for told in late.got[1:])
    assert len(late.got) < len(prompt.got)
    assert [step.name for step in prompt.steps()] == [name for name, _ in history(job)[1:]]


@pytest.mark.parametrize("each", [1, 20])
def test_watchers_do_not_multiply_what_is_asked_of_prefect(house: Path, each: int) -> None:
    workflows = [made("a", "b") for _ in range(5)]

    async def change(client: PrefectClient) -> None:
        for workflow in workflows:
            await put(client, workflow.jobs["a"], Running(), attempt=1)
            await put(client, workflow.jobs["a"], Completed())

    stated = quick(key_cache_s=NEVER_S, live_interval_s=0.0, live_recheck_s=NEVER_S)
    with open_door(stated) as door, counted() as asked, ExitStack() as stack:
        watchers = [
            stack.enter_context(watch(door, f"workflows/{workflow.id}"))
            for workflow in workflows
            for _ in range(each)
        ]
        for watcher in watchers:
            watcher.until_type("snapshot")
        on_server(change)
        for watcher in watchers:
            watcher.until(lambda told: told.type == "workflow" and told.workflow.jobs_ended == 1)
    # A snapshot of each, and then as many reads as there are changes, of two requests at most.
    assert asked["flow_runs/filter"] <= 5 + 5 * 4 + 5
    assert asked["artifacts/filter"] <= asked["flow_runs/filter"]
    others = asked.total() - asked["flow_runs/filter"] - asked["artifacts/filter"]
    assert others <= 25, asked
