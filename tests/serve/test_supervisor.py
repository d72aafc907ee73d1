"""Children are waited for, started again, given up on, stopped in order; none outlives us."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deployments.serve.errors import ProcessFailed
from deployments.serve.supervisor import Patience, Stopped, Supervisor
from tests.helpers.processes import ended
from tests.helpers.waiting import wait_until
from tests.serve.crew import (
    DIES,
    DIES_AT_ONCE,
    NEVER_READY,
    ROOT,
    STARTS_ONCE,
    STEADY,
    STUBBORN,
    TELL,
    WAITS_FOR_TWO,
    WITH_CHILD,
    Crew,
    is_alive,
)

QUICK = Patience(deaths=3, pause_s=0.01)


@pytest.fixture
def crew(tmp_path: Path) -> Crew:
    return Crew(tmp_path)


@contextmanager
def supervising(
    told_to_stop: Callable[[], int] = lambda: 0, said: list[str] | None = None
) -> Iterator[Supervisor]:
    supervisor = Supervisor(told_to_stop, (said if said is not None else []).append, QUICK)
    try:
        yield supervisor
    finally:
        supervisor.stop()


def test_those_of_a_stage_are_waited_for_and_all_stop_in_reverse_order(crew: Crew) -> None:
    with supervising() as supervisor:
        supervisor.start([crew.program("first", stage=0)])
        supervisor.start([crew.program("second", stage=1), crew.program("third", stage=1)])
        assert sorted(crew.told) == ["first started", "second started", "third started"]
    assert crew.told[0] == "first started"
    assert sorted(crew.told[3:5]) == ["second SIGTERM", "third SIGTERM"]
    assert crew.told[5:] == ["first SIGTERM"]


def test_a_child_that_is_killed_is_started_again(crew: Crew) -> None:
    said: list[str] = []

    def twice() -> int:
        return crew.told.count("one started") >= 2

    with supervising(twice, said) as supervisor:
        supervisor.start([crew.program("one"), crew.program("two")])
        os.kill(crew.pids("one started")[0], signal.SIGKILL)
        supervisor.watch()
    assert crew.told.count("two started") == 1
    assert "signal SIGKILL" in said[0]
    assert "starting it again" in said[0]
    assert len(said) == 1


def test_one_that_keeps_dying_is_given_up_with_its_log_and_last_words(crew: Crew) -> None:
    with supervising() as supervisor:
        supervisor.start([crew.program("steady", stage=0), crew.program("ill", DIES, stage=1)])
        crew.let_die()
        with pytest.raises(ProcessFailed) as failed:
            supervisor.watch()
    assert "ill" in str(failed.value)
    assert "exit code 3" in str(failed.value)
    assert str(crew.folder / "ill.log") in str(failed.value)
    assert "no such thing as luck" in str(failed.value)
    assert "3 times in a row: giving up" in str(failed.value)
    assert crew.told.count("ill started") == QUICK.deaths
    assert crew.told[-1] == "steady SIGTERM"


def test_what_dies_before_it_was_ever_ready_is_not_tried_again(crew: Crew) -> None:
    with supervising() as supervisor:
        supervisor.start([crew.program("steady")])
        with pytest.raises(ProcessFailed, match="no such thing as luck"):
            supervisor.start([crew.program("ill", DIES_AT_ONCE, stage=1)])
    assert crew.told.count("ill started") == 1
    assert crew.told[-1] == "steady SIGTERM"


def test_what_its_work_takes_down_is_started_again_however_often(crew: Crew) -> None:
    crew.let_die()
    often = QUICK.deaths + 3
    with supervising(lambda: crew.told.count("prey started") >= often) as supervisor:
        supervisor.start([crew.program("steady"), crew.program("prey", DIES, expendable=True)])
        supervisor.watch()
    assert crew.told.count("steady started") == 1


def test_what_its_work_takes_down_is_given_up_when_it_cannot_start(crew: Crew) -> None:
    with supervising() as supervisor:
        supervisor.start([crew.program("prey", STARTS_ONCE, expendable=True)])
        os.kill(crew.pids("prey started")[0], signal.SIGKILL)
        with pytest.raises(ProcessFailed, match=r"no such thing.* 3 times in a row: giving up"):
            supervisor.watch()
    assert crew.told.count("prey started") == 1 + QUICK.deaths


def test_one_that_dies_while_others_are_waited_for_is_started_again(crew: Crew) -> None:
    crew.let_die()
    slow = TELL + WAITS_FOR_TWO + "ready()\nwhile True: signal.pause()"
    with supervising() as supervisor:
        supervisor.start([crew.program("slow", slow), crew.program("prey", DIES, expendable=True)])
    assert crew.told.count("prey started") >= 2


def test_last_words_are_those_of_this_start(crew: Crew) -> None:
    (crew.folder / "mute.log").write_text("words of yesterday\n")
    with (
        supervising() as supervisor,
        pytest.raises(ProcessFailed, match=r"exit code 3.*log$"),
    ):
        supervisor.start([crew.program("mute", TELL + "sys.exit(3)")])


def test_one_that_is_never_ready_is_ended(crew: Crew) -> None:
    with (
        supervising() as supervisor,
        pytest.raises(ProcessFailed, match=r"not ready within 0\.5 s"),
    ):
        supervisor.start([crew.program("late", NEVER_READY, ready_within_s=0.5)])
    assert crew.told[-1:] != ["late SIGKILL"]
    assert not any(is_alive(pid) for pid in crew.pids("late started"))


def test_to_be_told_to_stop_ends_the_waiting_and_those_that_have_started(crew: Crew) -> None:
    def once_started() -> int:
        return bool(crew.told)

    with supervising(once_started) as supervisor, pytest.raises(Stopped):
        supervisor.start([crew.program("late", NEVER_READY)])
    assert crew.told == ["late started", "late SIGTERM"]


def test_who_does_not_listen_is_killed(crew: Crew) -> None:
    with supervising() as supervisor:
        supervisor.start([crew.program("deaf", STUBBORN, grace_s=0.3)])
    assert crew.told == ["deaf started"]
    assert not is_alive(crew.pids("deaf started")[0])


def test_told_twice_to_stop_nobody_is_waited_for(crew: Crew) -> None:
    count = 0
    with supervising(lambda: count) as supervisor:
        supervisor.start([crew.program("deaf", STUBBORN, grace_s=10_000)])
        count = 2
    assert not is_alive(crew.pids("deaf started")[0])


def test_a_task_is_run_to_its_end(crew: Crew) -> None:
    with supervising() as supervisor:
        supervisor.run(crew.program("task", TELL + "tell('done')", ready=lambda _: False))
        assert crew.told == ["task started", "task done"]
        with pytest.raises(ProcessFailed, match="no such thing as luck"):
            supervisor.run(crew.program("ill", DIES_AT_ONCE, ready=lambda _: False))


def test_children_of_a_child_that_is_killed_go_with_it(crew: Crew) -> None:
    with supervising(lambda: crew.told.count("parent started") >= 2) as supervisor:
        supervisor.start([crew.program("parent", WITH_CHILD)])
        grandchild = int(crew.told[1].split()[-1])
        assert is_alive(grandchild)
        os.kill(crew.pids("parent started")[0], signal.SIGKILL)
        supervisor.watch()
        assert not is_alive(grandchild)


SUPERVISOR = """
import sys, signal
from pathlib import Path
from deployments.serve.supervisor import Supervisor
from tests.serve.crew import Crew, STUBBORN
crew = Crew(Path(sys.argv[1]))
supervisor = Supervisor(lambda: 0, print)
supervisor.start([crew.program("base", stage=0)])
supervisor.start([crew.program("top", stage=1, signals=(signal.SIGUSR1, signal.SIGKILL))])
supervisor.start([crew.program("deaf", STUBBORN, stage=1, grace_s=0.3)])
print("all started", flush=True)
supervisor.watch()
"""


@contextmanager
def supervisor_process(crew: Crew, *before: str) -> Iterator["subprocess.Popen[str]"]:
    command = [*before, sys.executable, "-c", SUPERVISOR, str(crew.folder)]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    with ended(started) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "all started\n"
        yield process


def test_when_we_are_killed_the_children_are_stopped_in_order(crew: Crew) -> None:
    with supervisor_process(crew) as process:
        started = [crew.pids(f"{name} started")[0] for name in ("base", "top", "deaf")]
        assert all(map(is_alive, started))
        process.kill()
        wait_until(lambda: not any(map(is_alive, started)))
    assert crew.told[-2:] == ["top SIGUSR1", "base SIGTERM"]


def test_a_guard_that_is_killed_is_replaced(crew: Crew) -> None:
    with supervisor_process(crew) as process:
        # Not before there is one: a signal to process 0 would go to the tests themselves.
        wait_until(lambda: _guard_of(process.pid) > 0)
        first = _guard_of(process.pid)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: not is_alive(first))
        # The next thing that happens is told to a new one, with all that the old one knew.
        os.kill(crew.pids("top started")[0], signal.SIGKILL)
        wait_until(lambda: crew.told.count("top started") == 2)
        started = [crew.pids(f"{name} started")[-1] for name in ("base", "top", "deaf")]
        wait_until(lambda: _guard_of(process.pid) not in {0, first})
        process.kill()
        wait_until(lambda: not any(map(is_alive, started)))


def _guard_of(pid: int) -> int:
    """The newest guard among the process's children; 0: none."""
    known = (int(each.name) for each in Path("/proc").iterdir() if each.name.isdecimal())
    return max((child for child in known if _is_guard(child, pid)), default=0)


def _is_guard(pid: int, parent: int) -> bool:
    own = Path("/proc") / str(pid)
    try:
        named = b"guard.py" in (own / "cmdline").read_bytes()
        return named and int((own / "stat").read_text().rpartition(")")[2].split()[1]) == parent
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_children_hear_sigint_though_we_were_started_to_ignore_it(crew: Crew) -> None:
    # As by `nohup … &` in a script. Prefect's processes end by a SIGINT that they send themselves.
    with supervisor_process(crew, "sh", "-c", "trap '' INT; exec \"$@\"", "sh"):
        ignored = _mask(crew.pids("base started")[0], "SigIgn")
        assert not ignored & 1 << (signal.SIGINT - 1)


def _mask(pid: int, name: str) -> int:
    status = (Path("/proc") / str(pid) / "status").read_text().splitlines()
    return int(next(line.split()[1] for line in status if line.startswith(f"{name}:")), 16)


def test_a_full_log_is_moved_aside(crew: Crew) -> None:
    log = crew.folder / "full.log"
    log.write_bytes(b"x" * (20 * 2**20 + 1))
    with supervising() as supervisor:
        supervisor.start([crew.program("full", STEADY)])
    assert log.stat().st_size < 1000
    assert log.with_name("full.log.1").stat().st_size == 20 * 2**20 + 1
    assert log.stat().st_mode & 0o077 == 0
