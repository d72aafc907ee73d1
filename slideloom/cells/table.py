"""The cells that a tile reports, as columns, and how they are stored in a part.

Positions are integers in model pixels on the slide's global grid: a cell has the same numbers in
every tile that sees it whole.
"""

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import pyarrow as pa

from slideloom.arrays import Bool, Float64, Int32, Int64

_FIXED = (
    ("tile_row", np.int32),
    ("tile_column", np.int32),
    ("owned", np.bool_),
    ("cut", np.bool_),
    ("count", np.int64),
    ("sum_x", np.int64),
    ("sum_y", np.int64),
)


@dataclass(frozen=True, slots=True)
class Cells:
    """k cells with ragged outlines.

    Attributes:
        tile_row: (k,) int32 row of the reporting tile.
        tile_column: (k,) int32 column of the reporting tile.
        owned: (k,) bool: the centroid lies in the reporting tile's core.
        cut: (k,) bool: the cell touches an edge of the tile that is not an edge of the slide.
        count: (k,) int64 number of pixels.
        sum_x: (k,) int64 sum of the pixels' x indices; the centroid is (sum_x + count/2) / count.
        sum_y: (k,) int64 sum of the pixels' y indices.
        measures: (k, m) float64, columns as `measures.MEASURES`, model pixels.
        xy: (n, 2) int32 outline corners in model pixels.
        offsets: (k + 1,) int64 outline i is `xy[offsets[i]:offsets[i + 1]]`.
    """

    tile_row: Int32
    tile_column: Int32
    owned: Bool
    cut: Bool
    count: Int64
    sum_x: Int64
    sum_y: Int64
    measures: Float64
    xy: Int32
    offsets: Int64

    def __len__(self) -> int:
        return len(self.count)

    @classmethod
    def empty(cls, measure_count: int) -> Self:
        """No cells."""
        fixed: dict[str, Any] = {name: np.zeros(0, kind) for name, kind in _FIXED}
        return cls(
            **fixed,
            measures=np.zeros((0, measure_count)),
            xy=np.zeros((0, 2), np.int32),
            offsets=np.zeros(1, np.int64),
        )

    def take(self, places: Int64) -> Self:
        """The cells at these places, in this order."""
        lengths = np.diff(self.offsets)[places]
        offsets = np.append(0, np.cumsum(lengths)).astype(np.int64)
        corners = np.arange(offsets[-1]) + np.repeat(self.offsets[places] - offsets[:-1], lengths)
        fixed: dict[str, Any] = {name: getattr(self, name)[places] for name, _ in _FIXED}
        return type(self)(
            **fixed, measures=self.measures[places], xy=self.xy[corners], offsets=offsets
        )

    @classmethod
    def concatenate(cls, batches: list[Self]) -> Self:
        """All cells of the batches (at least one), in order."""
        lengths = np.concatenate([np.diff(batch.offsets) for batch in batches])
        columns: dict[str, Any] = {
            field.name: np.concatenate([getattr(batch, field.name) for batch in batches])
            for field in fields(cls)
            if field.name != "offsets"
        }
        return cls(**columns, offsets=np.append(0, np.cumsum(lengths)).astype(np.int64))

    @property
    def centroid_x(self) -> Float64:
        """(k,) float64 x of the centroid in model pixels; pixel 0 has its centre at 0.5."""
        return (2 * self.sum_x + self.count) / (2.0 * self.count)

    @property
    def centroid_y(self) -> Float64:
        """(k,) float64 y of the centroid in model pixels."""
        return (2 * self.sum_y + self.count) / (2.0 * self.count)

    @property
    def bounds(self) -> Int64:
        """(k, 4) int64 x0, y0, x1, y1 of the outlines, model pixels."""
        if not len(self):
            return np.zeros((0, 4), np.int64)
        first = self.offsets[:-1]
        low, high = np.minimum.reduceat(self.xy, first), np.maximum.reduceat(self.xy, first)
        return np.concatenate([low, high], axis=1).astype(np.int64)

    def to_arrow(self) -> pa.RecordBatch:
        """As an Arrow batch; `from_arrow` gives the same cells back."""
        columns: dict[str, pa.Array] = {name: pa.array(getattr(self, name)) for name, _ in _FIXED}
        columns["measures"] = pa.FixedSizeListArray.from_arrays(
            pa.array(self.measures.ravel()), self.measures.shape[1]
        )
        columns["outline"] = pa.ListArray.from_arrays(
            pa.array(2 * self.offsets, pa.int32()), pa.array(self.xy.ravel())
        )
        return pa.RecordBatch.from_pydict(columns)

    @classmethod
    def from_arrow(cls, batch: pa.RecordBatch) -> Self:
        """From what `to_arrow` made."""
        fixed: dict[str, Any] = {
            name: batch.column(name).to_numpy(zero_copy_only=False) for name, _ in _FIXED
        }
        measures, outline = batch.column("measures"), batch.column("outline")
        return cls(
            **fixed,
            measures=measures.flatten().to_numpy().reshape(-1, measures.type.list_size),
            xy=outline.flatten().to_numpy().reshape(-1, 2),
            offsets=outline.offsets.to_numpy().astype(np.int64) // 2,
        )
