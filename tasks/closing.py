"""How a workflow has ended, told from its jobs."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from prefect.artifacts import acreate_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from prefect.utilities.urls import url_for

from runs.reading import Patience, meaning
from runs.records import JobRun
from runs.states import jobs_cancelled
from slideloom.scheduling.spec import WorkflowSpec
from slideloom.scheduling.state import JobState
from slideloom.segmentation.aggregate import SUMMARY
from tasks.artifacts import only_shown

REFUSED = "Refused"
"""Name of the state in which a workflow ends that was not taken."""
MOST_ROWS = 200
"""Jobs that the closing table shows."""
_MOST_NAMES = 5


def refused(message: str) -> State[Any]:
    """The end of a workflow that was not taken."""
    return Failed(name=REFUSED, message=message)


def states_of(runs: Sequence[JobRun]) -> list[JobState]:
    """Where each job is.

    Whether one that has failed is tried again by itself is the dispatcher's to say, by its own
    settings: it resumes the workflow when nothing is, and opens it again should it be wrong.
    """
    return [meaning(run, Patience(retries=0))[0].state for run in runs]


def ended(states: Sequence[JobState]) -> int:
    """How many of them have ended."""
    return sum(state.ended for state in states)


def counted(count: int, word: str) -> str:
    """`1 job`, `12 jobs`, `3 branches`."""
    plural = word + ("es" if word.endswith("ch") else "s")
    return f"{count} {word if count == 1 else plural}"


def shape(spec: WorkflowSpec) -> str:
    """`12 jobs in 3 branches`."""
    jobs = sum(len(branch.jobs) for branch in spec.branches)
    return f"{counted(jobs, 'job')} in {counted(len(spec.branches), 'branch')}"


def verdict(named: Sequence[tuple[str, JobState]]) -> tuple[JobState, str]:
    """How a workflow ends as its jobs did, and what is said of it.

    Args:
        named: Name and state of each job, all of them ended.
    """
    for state, said in ((JobState.FAILED, "failed"), (JobState.CANCELLED, "were cancelled")):
        names = [name for name, found in named if found is state]
        if names:
            others = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
            listed = ", ".join(names[:_MOST_NAMES])
            return state, f"{len(names)} of {counted(len(named), 'job')} {said}: {listed}{others}"
    return JobState.SUCCEEDED, f"{counted(len(named), 'job')} succeeded"


_ENDS: dict[JobState, Callable[[str], State[Any]]] = {
    JobState.SUCCEEDED: lambda said: Completed(message=said),
    JobState.FAILED: lambda said: Failed(message=said),
    JobState.CANCELLED: jobs_cancelled,
}


def end_state(spec: WorkflowSpec, runs: Sequence[JobRun]) -> State[Any]:
    """The state in which the workflow's run ends."""
    names = [f"{run.name} ({spec.branches[run.branch].name})" for run in runs]
    state, said = verdict(list(zip(names, states_of(runs), strict=True)))
    return _ENDS[state](said)


async def show_jobs(spec: WorkflowSpec, runs: Sequence[JobRun]) -> None:
    """The closing table: every job with its state, cells and folder."""
    text = await asyncio.to_thread(jobs_table, spec, runs)
    with only_shown():
        await acreate_markdown_artifact(markdown=text, key="jobs", description=shape(spec))


def jobs_table(spec: WorkflowSpec, runs: Sequence[JobRun]) -> str:
    """The table as markdown; reads the summaries that are there."""
    states = states_of(runs)
    counts = ", ".join(f"{count} {state}" for state, count in Counter(states).items())
    rows = [
        _row(spec, run, state) for run, state in list(zip(runs, states, strict=True))[:MOST_ROWS]
    ]
    more = [f"\nand {len(runs) - MOST_ROWS} more jobs"] if len(runs) > MOST_ROWS else []
    head = ["| branch | job | state | cells | result |", "|---|---|---|---:|---|"]
    return "\n".join([f"{shape(spec)}: {counts}", "", *head, *rows, *more])


def _row(spec: WorkflowSpec, run: JobRun, state: JobState) -> str:
    address = url_for("flow-run", obj_id=run.id)
    name = f"[{_cell(run.name)}]({address})" if address else _cell(run.name)
    out = str(run.parameters.get("out", ""))
    folder = f"`{_cell(out)}`" if state is JobState.SUCCEEDED else ""
    branch = _cell(spec.branches[run.branch].name)
    return f"| {branch} | {name} | {state} | {_cells(out, state)} | {folder} |"


def _cells(out: str, state: JobState) -> str:
    """Number of cells; empty where the job counts none or its summary is gone."""
    if state is not JobState.SUCCEEDED:
        return ""
    try:
        return f"{json.loads((Path(out) / SUMMARY).read_bytes())['cells']['cells']:,}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _cell(text: str) -> str:
    """Text that does not break a table's row."""
    return "".join(f"\\{sign}" if sign in "|[]`<>\\" else sign for sign in text)
