"""What the telling workers have written down."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Line:
    """Something that began or ended in a worker.

    Attributes:
        at_s: When, in seconds since 1970.
        process: In which process.
        what: `pass`, `task-begins`, `task-ends`, `shard-begins` or `shard-ends`.
        about: Tiles of the pass, folder and number of the task, or the job's id.
    """

    at_s: float
    process: int
    what: str
    about: tuple[str, ...]


class Told:
    """The file of the workers.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def forget(self) -> None:
        """Begin anew."""
        self.path.write_text("")

    def lines(self, what: str) -> Iterator[Line]:
        """All lines of a kind, in order."""
        for line in self.path.read_text().splitlines() if self.path.exists() else ():
            at, process, kind, *about = line.split()
            if kind == what:
                yield Line(float(at), int(process), kind, tuple(about))

    def tiles(self) -> int:
        """Tiles that went through an engine."""
        return sum(int(line.about[0]) for line in self.lines("pass"))

    def tasks_ended(self) -> int:
        """Tile tasks that were finished."""
        return sum(1 for _ in self.lines("task-ends"))

    def processes(self) -> set[int]:
        """Processes that have finished tile tasks."""
        return {line.process for line in self.lines("task-ends")}

    def computed_again(self) -> list[tuple[str, ...]]:
        """Tile tasks that were begun after they had been finished."""
        ended = {line.about: line.at_s for line in reversed([*self.lines("task-ends")])}
        return [
            line.about
            for line in self.lines("task-begins")
            if line.about in ended and line.at_s > ended[line.about]
        ]

    def most_at_once(self, jobs: set[str]) -> int:
        """How many shards of these jobs were at work at the same time, at most."""
        changes = [(line.at_s, 1) for line in self.lines("shard-begins") if line.about[0] in jobs]
        changes += [(line.at_s, -1) for line in self.lines("shard-ends") if line.about[0] in jobs]
        count = most = 0
        for _, change in sorted(changes):
            count += change
            most = max(most, count)
        return most

    def shards_at_work(self) -> Counter[str]:
        """Shards of each job that have begun and not ended; of killed workers for ever."""
        at_work = Counter(line.about[0] for line in self.lines("shard-begins"))
        at_work.subtract(line.about[0] for line in self.lines("shard-ends"))
        return +at_work
