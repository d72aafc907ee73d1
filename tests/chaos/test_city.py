"""Many tenants, many branches, and everything that can go wrong, on real processes.

What is asserted is read from the server's own state history; see `tests.helpers.history`.
"""

import asyncio
import os
from pathlib import Path

import pytest

from tests.chaos.city import City, city, damage
from tests.chaos.trouble import Trouble
from tests.helpers.history.checking import Rules, broken_promises
from tests.helpers.history.figures import figures
from tests.helpers.history.reading import read_history
from tests.helpers.history.records import History
from tests.helpers.history.report import report
from tests.helpers.prefects import LEAVES_SOCKETS
from tests.helpers.waiting import wait_until

pytestmark = [pytest.mark.xdist_group("chaos"), *LEAVES_SOCKETS]
CREW = ("dispatcher", "control", "jobs-1", "jobs-2")
QUICK = {
    "SLIDELOOM_RETRY_DELAY_S": "1",
    "SLIDELOOM_PENDING_LIMIT_S": "15",
    "SLIDELOOM_CANCEL_LIMIT_S": "15",
}
SEED = int(os.environ.get("CHAOS_SEED", "20261124"))


def _accepted(built: City, workflows: list[str]) -> bool:
    return all(built.state(each) == "Awaiting jobs" for each in workflows)


def _over(built: City, workflows: list[str]) -> bool:
    return all(_is_final(built, each) for each in workflows)


def _is_final(built: City, run_id: str) -> bool:
    state = built.run(run_id).state
    return state is not None and state.is_final()


def _check(built: City) -> History:
    """Read the history, print its figures, and find no broken promise in it."""
    rules = Rules(final=True, results=True)
    history = asyncio.run(read_history(built.stack.api_url))
    broken = broken_promises(history, rules)
    print(report(figures(history, rules.max_workers, rules.max_users), broken, rules))
    assert broken == [], built.logs()
    return history


def _play(folder: Path, tenants: int, branches: int, jobs: int, everything: bool) -> None:
    names = [f"tenant-{number}" for number in range(tenants)]
    with city(folder, CREW, SLOW_STORE_S="2", **QUICK) as built:
        built.add_tenants(names)
        workflows = [built.submit(built.spec(name, branches, jobs)) for name in names]
        wait_until(lambda: _accepted(built, workflows), timeout_s=180)
        for name in names[::2]:
            damage(folder / "slides" / name / f"{branches - 1}-{jobs - 1}.png")
        trouble = Trouble(built, workflows, SEED)
        trouble.one_of_each()
        built.stack.restart()
        built.stack.restart_database()
        if everything:
            trouble.go_on(lambda: _over(built, workflows), pause_s=10)
        wait_until(lambda: _over(built, workflows), timeout_s=600)
        print("\n".join([f"seed {SEED}", *trouble.done]))
        history = _check(built)
        # The one that was run by hand belongs to no workflow.
        assert len([job for job in history.jobs if job.workflow]) == tenants * branches * jobs


@pytest.mark.timeout(600)
def test_no_promise_is_broken_in_a_small_city(tmp_path: Path) -> None:
    _play(tmp_path, tenants=4, branches=2, jobs=2, everything=False)


@pytest.mark.acceptance
@pytest.mark.timeout(3000)
def test_no_promise_is_broken_in_a_large_city(tmp_path: Path) -> None:
    _play(tmp_path, tenants=8, branches=4, jobs=3, everything=True)
