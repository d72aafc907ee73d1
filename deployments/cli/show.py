"""What the command line shows: a progress bar on a terminal, plain lines elsewhere, tables."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import (
    Progress as Bar,
)
from rich.table import Table

from slideloom.progress import Progress, watching

# Elsewhere than on a terminal nothing is wrapped: paths and digests stay whole.
_WIDTH = None if sys.stdout.isatty() else 200
console = Console(highlight=False, soft_wrap=True, width=_WIDTH)
_STAGES = {
    "plan": "find tissue, plan tiles",
    "segment": "segment tiles",
    "merge": "merge tiles",
    "draw": "draw pictures",
}


@contextmanager
def progress_shown(folder: str) -> Iterator[None]:
    """Show the progress of the run in this folder while the block runs."""
    with _bar() if console.is_terminal else _lines() as changed, watching(folder, changed):
        yield


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console, transient=True) as bar:
        shown = bar.add_task("start", total=None)

        def changed(progress: Progress) -> None:
            bar.update(
                shown,
                description=_STAGES.get(progress.stage, progress.stage),
                total=progress.total or None,
                completed=progress.done,
            )

        yield changed


@contextmanager
def _lines() -> Iterator[Callable[[Progress], None]]:
    """A line per stage, and one per tenth of the tiles."""
    said = ""

    def changed(progress: Progress) -> None:
        nonlocal said
        line = _STAGES.get(progress.stage, progress.stage)
        if progress.stage == "segment" and progress.total:
            tenth = 10 * progress.done // progress.total
            line += f": {10 * tenth} % of {progress.total} tiles"
        if line != said:
            said = line
            console.print(line)

    yield changed


def print_rows(title: str, rows: list[tuple[str, str]]) -> None:
    """A two-column table."""
    table = Table(title=title, title_justify="left", show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column()
    for what, value in rows:
        table.add_row(what, value)
    console.print(table)


def print_table(title: str, header: list[str], rows: list[list[str]]) -> None:
    """A table with a header."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in header:
        table.add_column(name)
    for row in rows:
        table.add_row(*row)
    console.print(table)
