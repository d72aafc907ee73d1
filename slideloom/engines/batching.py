"""Smaller batches when the device has no room for the whole one."""

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from slideloom.arrays import UInt8
from slideloom.errors import EngineFailed

Result = TypeVar("Result")


class Halved(NamedTuple, Generic[Result]):
    """Results of all tiles in order, and the batch size that fitted."""

    results: list[Result]
    size: int


def halving(
    segment: Callable[[UInt8], list[Result]],
    batch: UInt8,
    is_oom: Callable[[Exception], bool],
    size: int | None = None,
) -> Halved[Result]:
    """Run `segment` over the batch in one go, or in halves, quarters, … where memory runs out.

    What was done before memory ran out is kept. Other errors pass through.

    Args:
        segment: Takes (k, height, width, 3), gives k results.
        batch: (n, height, width, 3) uint8.
        is_oom: Whether an error means that memory ran out.
        size: Batch size to begin with; None begins with all.

    Raises:
        EngineFailed: Not even one tile fits.
    """
    step = max(1, min(size or len(batch), len(batch)))
    results: list[Result] = []
    while len(results) < len(batch):
        part = batch[len(results) : len(results) + step]
        try:
            results += segment(part)
            continue
        except Exception as error:
            if not is_oom(error):
                raise
            if len(part) == 1:
                raise EngineFailed(
                    f"out of memory with a single tile of {batch.shape[2]} × {batch.shape[1]} px: "
                    "use smaller tiles (--tile-size), another device, or end what else uses it"
                ) from error
        # Outside of the handler: the error's frames hold the tensors that must go first.
        step = len(part) // 2
    return Halved(results, step)
