"""What a tile task tells its attempt, batch by batch."""

from collections.abc import Iterator
from contextlib import contextmanager

from slideloom.progress import Progress
from slideloom.results.workplace import Workplace
from slideloom.segmentation.tiles import Watch


class Counted(Watch):
    """The tiles of one try at a tile task, taken back if the try fails.

    Args:
        progress: The attempt that the task belongs to.
    """

    def __init__(self, progress: Progress) -> None:
        """Nothing counted yet."""
        self._progress = progress
        self._tiles = 0

    def __enter__(self) -> "Counted":
        self._progress.go_on()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and self._tiles:
            self._progress.advance(-self._tiles)

    def before_batch(self) -> None:
        """Look whether to go on."""
        self._progress.go_on()

    def after_batch(self, tiles: int) -> None:
        """Count the tiles of a batch."""
        self._tiles += tiles
        self._progress.advance(tiles)


class Marked(Counted):
    """The same, tile by tile, each marked while it is tried: if the process dies, the mark stays.

    Args:
        progress: The attempt that the task belongs to.
        place: Where the marks are left.
        token: Tells this shard's marks from others'.
    """

    one_by_one = True

    def __init__(self, progress: Progress, place: Workplace, token: str) -> None:
        """Nothing marked yet."""
        super().__init__(progress)
        self._place, self._token = place, token

    @contextmanager
    def trying(self, tile: int) -> Iterator[None]:
        """Mark the tile while the block runs."""
        self._place.mark(self._token, tile)
        try:
            yield
        finally:
            self._place.unmark(self._token, tile)
