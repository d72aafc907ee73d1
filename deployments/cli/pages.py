"""Workflows and jobs as tables, as a live display, and as plain lines."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from deployments.cli.wording import STYLES, age, job_in_words, printable, workflow_in_words
from runs.views import BranchView, JobView, WorkflowLine, WorkflowView
from slideloom.scheduling.state import JobState
from slideloom.settings import settings

_BAR_WIDTH = 24


def page(view: JobView | WorkflowView) -> RenderableType:
    """Everything about a workflow or a job."""
    return _job_page(view) if isinstance(view, JobView) else _workflow_page(view)


def list_page(workflows: Iterable[WorkflowLine]) -> RenderableType:
    """Workflows in a list."""
    table = _table("workflow", "tenant", "name", "state", "jobs", "age")
    for one in workflows:
        table.add_row(
            Text(one.id, no_wrap=True),
            _text(one.tenant),
            _text(one.name),
            Text(workflow_in_words(one), STYLES[one.state]),
            f"{one.done}/{one.total}",
            age(one.created),
        )
    return table


def live(view: JobView | WorkflowView) -> RenderableType:
    """How far each branch of a workflow is, and what it is at."""
    if isinstance(view, JobView):
        return Group(_job_page(view), _bar(_share(view), 1.0))
    table = _table("branch", "", "jobs", "now")
    for branch in view.branches:
        ended = sum(job.ended for job in branch.jobs)
        table.add_row(
            _text(branch.name),
            _bar(sum(map(_share, branch.jobs)), float(len(branch.jobs))),
            f"{ended}/{len(branch.jobs)}",
            _now(branch),
        )
    return Group(_headline(view), table)


def lines(view: JobView | WorkflowView) -> dict[str, str]:
    """What there is to say, by what it is about; a line is worth printing when it has changed."""
    if isinstance(view, JobView):
        return {view.id: _line(view)}
    said = {job.id: _line(job) for job in view.jobs}
    return {**said, view.id: f"workflow {view.id}: {_state_with_message(view)}"}


def _line(job: JobView) -> str:
    """The job in one line; of its tiles only every tenth part."""
    words = job_in_words(job, settings())
    if job.state is JobState.RUNNING and job.total and not job.waits:
        words = f"running: {10 * (10 * (job.done or 0) // job.total)} % of {job.total} tiles"
    return f"{printable(job.branch)} {job.number}, {_what(job)}: {words}"


def _what(job: JobView) -> str:
    return f"{printable(job.kind)} {printable(job.slide)}"


def _state_with_message(view: WorkflowLine) -> str:
    words = workflow_in_words(view)
    told = view.state in {JobState.FAILED, JobState.CANCELLED} and view.message
    return f"{words}: {printable(view.message)}" if told else words


def _headline(view: WorkflowView) -> Text:
    head = Text.assemble((printable(view.name), "bold"), f"  {printable(view.tenant)}  {view.id}  ")
    head.append(_state_with_message(view), STYLES[view.state])
    return head.append(f"  {view.done}/{view.total} jobs  {age(view.created)} old")


def _workflow_page(view: WorkflowView) -> RenderableType:
    table = _table("branch", "", "job", "slide", "state", "id")
    for branch in view.branches:
        needs = f" (needs {', '.join(branch.needs)})" if branch.needs else ""
        for place, job in enumerate(branch.jobs):
            table.add_row(
                _text(branch.name + needs) if place == 0 else "",
                str(job.number),
                _text(job.kind),
                _text(job.slide),
                _state(job),
                Text(job.id, no_wrap=True),
            )
    return Group(_headline(view), table) if view.jobs else _headline(view)


def _job_page(job: JobView) -> RenderableType:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    rows: dict[str, str | Text] = {
        "job": job.id,
        "state": _state(job),
        "kind": job.kind,
        "slide": job.slide,
        "tiles": f"{job.done} of {job.total}" if job.total is not None else "",
        "started": f"{job.attempt} times" if job.attempt != 1 else "once",
        "says": job.message,
        "error": job.error or "",
        "result": job.folder,
        "branch": f"{job.branch}, job {job.number}",
        "workflow": job.workflow,
        "tenant": job.tenant,
    }
    for what, value in rows.items():
        if value:
            table.add_row(what, value if isinstance(value, Text) else _text(value))
    return table


def _now(branch: BranchView) -> Text:
    """The job that the branch is at: the first that has not ended, else the last that went ill."""
    ill = [job for job in branch.jobs if job.state is not JobState.SUCCEEDED]
    at = next((job for job in ill if not job.ended), ill[0] if ill else None)
    if at is None:
        return Text("done" if branch.jobs else "", STYLES[JobState.SUCCEEDED])
    return Text.assemble(f"{_what(at)}: ", _state(at))


def _state(job: JobView) -> Text:
    return Text(job_in_words(job, settings()), STYLES[job.state])


def _share(job: JobView) -> float:
    """How much of the job is behind it."""
    if job.ended:
        return 1.0
    return (job.done or 0) / job.total if job.total else 0.0


def _bar(done: float, total: float) -> ProgressBar:
    return ProgressBar(total=total or 1.0, completed=done, width=_BAR_WIDTH)


def _table(*header: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in header:
        table.add_column(name, overflow="fold")
    return table


def _text(value: str) -> Text:
    """What others have written, taken literally."""
    return Text(printable(value))
