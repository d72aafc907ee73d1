"""How far a job is: an artifact of its run, written by the job, read by views and by its shards."""

import re
from dataclasses import dataclass

TILES = "tiles"
"""Key of the artifact."""
_UNCOUNTED = "tiles not counted yet"
_COUNTED = "tiles to segment"
_WORDS = re.compile(rf"(?:(?P<total>\d+) {_COUNTED}|{_UNCOUNTED})(?:; waits: (?P<waits>.+))?")


@dataclass(frozen=True, slots=True)
class Told:
    """What a job tells of its progress.

    Attributes:
        done: Tiles that are segmented.
        total: Tiles to segment; None: they are not counted yet.
        waits: What it waits for, in words; empty: it is at work.
    """

    done: int = 0
    total: int | None = None
    waits: str = ""

    @property
    def percent(self) -> float:
        """Percentage of the tiles, as the artifact holds it."""
        if self.total is None:
            return 0.0
        return 100.0 if self.total == 0 else round(100.0 * self.done / self.total, 1)

    @property
    def words(self) -> str:
        """Description of the artifact."""
        counted = _UNCOUNTED if self.total is None else f"{self.total} {_COUNTED}"
        return f"{counted}; waits: {self.waits}" if self.waits else counted


def read_told(percent: object, words: str | None) -> Told | None:
    """What an artifact tells; None: it is not one of these."""
    stated = _WORDS.fullmatch(words or "")
    if stated is None or not isinstance(percent, int | float):
        return None
    waits = stated["waits"] or ""
    if stated["total"] is None:
        return Told(waits=waits)
    total = int(stated["total"])
    return Told(round(percent * total / 100), total, waits)
