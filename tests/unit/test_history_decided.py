"""Days as the real policy decides them: the checker, which knows none of it, finds nothing broken.

And where the checker is given stricter limits than the policy had, it finds just that.
"""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from slideloom.scheduling.decide import decide
from slideloom.scheduling.state import Branch, Job, JobState, Limits, Place, Workflow
from tests.helpers.history.checking import Rules, broken_promises
from tests.helpers.history.figures import figures
from tests.helpers.history.made import made, together, with_job
from tests.helpers.history.records import History, Promise

MEANING = {
    "Q": JobState.PENDING,
    "S": JobState.RUNNING,
    "P": JobState.RUNNING,
    "R": JobState.RUNNING,
    "X": JobState.RUNNING,
    "C": JobState.SUCCEEDED,
    "F": JobState.FAILED,
    "Z": JobState.CANCELLED,
    "Y": JobState.SKIPPED,
}
ENDS = {JobState.SUCCEEDED: "C", JobState.FAILED: "F", JobState.CANCELLED: "Z"}
NEEDS = {"c": ["a"], "d": ["b", "c"]}
STEPS = {"Q": "Z", "S": "PPPQZ", "P": "RRRQ", "R": "CCCCFX", "X": "Z", "F": "Q", "Z": "Q"}
"""What can happen to a job by itself or because somebody asks for it."""


@dataclass
class Day:
    """Workflows of three branches each, their jobs as said so far, and the places."""

    limits: Limits
    now: int = 0
    flows: dict[str, list[str]] = field(default_factory=dict)
    tenants: dict[str, str] = field(default_factory=dict)
    jobs: dict[str, dict[str, list[list[str]]]] = field(default_factory=dict)
    places: tuple[Place, ...] = ()

    def tick(self, said: str) -> str:
        self.now += 1
        return f"{said}{self.now}"

    def submit(self, tenant: str, sizes: list[int]) -> None:
        name = f"{tenant}{len(self.flows)}"
        self.tenants[name] = tenant
        self.jobs[name] = {
            branch: [[self.tick("Q")] for _ in range(size)]
            for branch, size in zip("abcd", sizes, strict=False)
        }
        self.flows[name] = [self.tick("A")]

    def all_jobs(self) -> list[tuple[str, list[str]]]:
        return [
            (flow, job)
            for flow, branches in self.jobs.items()
            for jobs in branches.values()
            for job in jobs
        ]

    def happen(self, which: int, what: int) -> None:
        """Something happens to one job; a retry reopens its workflow and frees the skipped."""
        able = [(flow, job) for flow, job in self.all_jobs() if job[-1][0] in STEPS]
        if not able:
            return
        flow, job = able[which % len(able)]
        steps = STEPS[job[-1][0]]
        anew = job[-1][0] in "FZ"
        job.append(self.tick(steps[what % len(steps)]))
        if anew:
            for _, other in ((name, one) for name, one in self.all_jobs() if name == flow):
                if other[-1][0] == "Y":
                    other.append(self.tick("Q"))
            self.flows[flow] += [self.tick(letter) for letter in "SPRA"]

    def known(self) -> list[Workflow]:
        return [
            Workflow(
                name,
                self.tenants[name],
                float(said[0][1:]),
                tuple(
                    Branch(
                        branch,
                        tuple(
                            Job(f"{name}.{branch}{index}", MEANING[job[-1][0]])
                            for index, job in enumerate(jobs)
                        ),
                        tuple(need for need in NEEDS.get(branch, ()) if need in self.jobs[name]),
                    )
                    for branch, jobs in self.jobs[name].items()
                ),
            )
            for name, said in self.flows.items()
        ]

    def dispatch(self) -> None:
        """Carry out a decision: admissions first, so that skips come late."""
        decision = decide(self.known(), self.places, self.limits, self.now)
        self.places = decision.places
        by_id = {
            f"{name}.{branch}{index}": job
            for name, branches in self.jobs.items()
            for branch, jobs in branches.items()
            for index, job in enumerate(jobs)
        }
        for job in decision.admit:
            by_id[job].append(self.tick("S"))
        for job in decision.skip:
            by_id[job].append(self.tick("Y"))
        for flow in self.known():
            end = flow.outcome()
            if end and self.flows[flow.id][-1][0] == "A":
                self.flows[flow.id] += [self.tick(letter) for letter in f"SPR{ENDS[end]}"]

    def close(self) -> None:
        """Let everything end well that can."""
        for _ in range(2000):
            self.dispatch()
            going_on = [job for _, job in self.all_jobs() if job[-1][0] in "SPRX"]
            if not going_on:
                return
            job = going_on[0]
            job.append(self.tick({"S": "P", "P": "R", "R": "C", "X": "Z"}[job[-1][0]]))
        raise RuntimeError("the day does not end")

    def history(self) -> History:
        parts = []
        for name, said in self.flows.items():
            branches = {
                branch: " | ".join(" ".join(job) for job in jobs)
                for branch, jobs in self.jobs[name].items()
            }
            needs = {
                branch: [need for need in NEEDS.get(branch, ()) if need in branches]
                for branch in branches
            }
            part = made(name, " ".join(said), needs, **branches)
            for job in part.jobs:
                part = with_job(part, job.id, tenant=self.tenants[name], **_labels(job.id, part))
            parts.append(part)
        return together(*parts)


def _labels(run: str, part: History) -> dict[str, object]:
    """What the dispatcher would have written on the job's run."""
    (job,) = (job for job in part.jobs if job.id == run)
    starts = [place for place, state in enumerate(job.states) if state.name == "Resuming"]
    admitted = job.states[starts[-1] - 1].id if starts else ""
    return {"attempt": len(starts), "admitted": admitted}


SIZES = st.lists(st.integers(1, 3), min_size=1, max_size=4)
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["ann", "bea", "cem", "dov"]), SIZES),
        st.tuples(st.integers(0, 200), st.integers(0, 11)),
    ),
    min_size=5,
    max_size=40,
)


@settings(deadline=None)
@given(EVENTS, st.integers(1, 4), st.integers(1, 3))
def test_what_the_policy_decides_breaks_no_promise(
    events: list[tuple[str, list[int]] | tuple[int, int]], workers: int, users: int
) -> None:
    day = Day(Limits(workers, users))
    for first, second in events:
        if isinstance(first, str) and isinstance(second, list):
            day.submit(first, second)
        elif isinstance(first, int) and isinstance(second, int):
            day.happen(first, second)
        day.dispatch()
    assert broken_promises(day.history(), Rules(workers, users)) == []
    day.close()
    history = day.history()
    assert broken_promises(history, Rules(workers, users, final=True)) == []
    found = figures(history, workers, users)
    assert found.most_jobs <= workers
    assert found.most_places <= users
    less = Rules(max(found.most_jobs - 1, 0), max(found.most_tenants - 1, 0), rotates=True)
    expected = {Promise.WORKERS, Promise.TENANTS} if found.most_jobs else set()
    assert {one.promise for one in broken_promises(history, less)} == expected
