"""What a tile task tells its attempt, batch by batch."""

from slideloom.progress import Progress
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
