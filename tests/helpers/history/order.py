"""Promises about what comes before what: order in a branch, needs, a whole submission first."""

from collections.abc import Iterator, Sequence

from .records import Broken, History, JobHistory, Promise, WorkflowHistory, ids, state_at
from .stays import complete_s
from .stretches import Stretch


def out_of_order(history: History, running: Sequence[Stretch]) -> Iterator[Broken]:
    """Jobs that started while an earlier one of their branch was not Completed.

    At every start, so also after retries: if an earlier job has been asked for again, the later
    ones wait for its new end.
    """
    branches = history.by_branch()
    for part in running:
        earlier = branches[part.job.workflow, part.job.branch]
        for other in earlier:
            if other.index < part.job.index and not _is_completed(other, part.start_s):
                said = (
                    f"job {part.job.index} starts at {part.start_s:.6f} while job {other.index} "
                    f"of its branch is {state_at(other.states, part.start_s)}"
                )
                yield Broken(Promise.ORDER, said, ids([other, part.job]))


def before_its_needs(history: History, running: Sequence[Stretch]) -> Iterator[Broken]:
    """Jobs that started while a job of a branch that theirs needs was not Completed."""
    branches = history.by_branch()
    shapes = {flow.id: flow for flow in history.workflows}
    for part in running:
        flow = shapes.get(part.job.workflow)
        for number in needed(flow, part.job.branch) if flow else ():
            for other in branches.get((part.job.workflow, number), ()):
                if not _is_completed(other, part.start_s):
                    said = (
                        f"a job of branch {part.job.branch} starts at {part.start_s:.6f} while job "
                        f"{other.index} of branch {number}, which it needs, is "
                        f"{state_at(other.states, part.start_s)}"
                    )
                    yield Broken(Promise.NEEDS, said, ids([other, part.job]))


def before_all_were_there(history: History, running: Sequence[Stretch]) -> Iterator[Broken]:
    """Jobs that started before their workflow had all its jobs."""
    whole_s = {flow: complete_s(jobs) for flow, jobs in history.by_workflow().items()}
    for part in running:
        if part.start_s < whole_s[part.job.workflow]:
            said = f"a job starts at {part.start_s:.6f}, before its workflow had all its jobs"
            yield Broken(Promise.ADMISSION, said, (part.job.workflow, part.job.id))


def needed(flow: WorkflowHistory, branch: int) -> list[int]:
    """Numbers of the branches that a branch needs directly."""
    if branch >= len(flow.branches):
        return []
    names = [shape.name for shape in flow.branches]
    return [names.index(name) for name in flow.branches[branch].needs if name in names]


def _is_completed(job: JobHistory, when_s: float) -> bool:
    state = state_at(job.states, when_s)
    return state is not None and state.type == "COMPLETED"
