"""Final cells: ids, level-0 outlines and measures in µm, ready to be written.

Outlines go from model pixels to level-0 pixels by the frame's scale, rounded to 1/100 px and cut at
the slide's edge. Rounding acts on each coordinate alone and keeps their order, so an outline stays
a valid polygon.
"""

import hashlib
import uuid
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import shapely

from slideloom.arrays import Bool, Float64, Int64
from slideloom.cells.measures import MEASURES, polygons
from slideloom.cells.merge import Merged
from slideloom.cells.table import Cells

_LENGTHS = {"perimeter", "major_axis", "minor_axis"}
_NAMES = {
    "area": "area_um2",
    "perimeter": "perimeter_um",
    "major_axis": "major_axis_um",
    "minor_axis": "minor_axis_um",
    "eccentricity": "eccentricity",
    "solidity": "solidity",
    "haematoxylin": "haematoxylin_od",
    "eosin": "eosin_od",
    "dab": "dab_od",
}
MEASURE_COLUMNS = tuple(_NAMES[name] for name in MEASURES)
"""Columns of the measures in `cells.parquet`, units in the name."""

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("geometry", pa.binary(), nullable=False),
        pa.field("centroid_x", pa.float64(), nullable=False),
        pa.field("centroid_y", pa.float64(), nullable=False),
        *(pa.field(name, pa.float64(), nullable=False) for name in MEASURE_COLUMNS),
        pa.field("tile_row", pa.int32(), nullable=False),
        pa.field("tile_column", pa.int32(), nullable=False),
        pa.field("clipped", pa.bool_(), nullable=False),
        pa.field("rescued", pa.bool_(), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class Frame:
    """How model pixels lie on a slide.

    Attributes:
        scale_x: Level-0 pixels per model pixel along x.
        scale_y: Level-0 pixels per model pixel along y.
        width_px: Width of the slide, level-0 pixels.
        height_px: Height of the slide, level-0 pixels.
        mpp: µm per model pixel.
        fingerprint: SHA-256 of the slide, hex.
    """

    scale_x: float
    scale_y: float
    width_px: int
    height_px: int
    mpp: float
    fingerprint: str

    def centroids(self, cells: Cells) -> tuple[Float64, Float64]:
        """(k,) x and (k,) y of the centroids, level-0 pixels, inside the slide.

        The last model pixel may reach beyond the slide's end; a centroid there is moved in.
        """
        last_x, last_y = np.nextafter([self.width_px, self.height_px], 0.0)
        x = np.minimum(cells.centroid_x * self.scale_x, last_x)
        return x, np.minimum(cells.centroid_y * self.scale_y, last_y)


@dataclass(frozen=True, slots=True)
class FinalCells:
    """k cells as they are written.

    Attributes:
        table: Columns as `SCHEMA`; geometry is WKB in level-0 pixels.
        xy: (n, 2) float64 outline corners, level-0 pixels, not closed.
        offsets: (k + 1,) int64 outline i is `xy[offsets[i]:offsets[i + 1]]`.
    """

    table: pa.Table
    xy: Float64
    offsets: Int64


def on_tissue_only(merged: Merged, covered: Bool) -> Merged:
    """The cells for which `covered` (k,) holds."""
    places = np.flatnonzero(covered)
    return Merged(merged.cells.take(places), merged.clipped[places], merged.rescued[places])


def finish(merged: Merged, frame: Frame) -> FinalCells:
    """Ids, level-0 geometry and µm for the cells of one row of tiles."""
    cells = merged.cells
    xy = _level0(cells, frame)
    x, y = frame.centroids(cells)
    columns = {
        "id": _ids(cells, frame.fingerprint),
        "geometry": shapely.to_wkb(polygons(xy, cells.offsets)) if len(cells) else [],
        "centroid_x": np.round(x, 2),
        "centroid_y": np.round(y, 2),
        **_in_micrometres(cells, frame.mpp),
        "tile_row": cells.tile_row,
        "tile_column": cells.tile_column,
        "clipped": merged.clipped,
        "rescued": merged.rescued,
    }
    return FinalCells(pa.table(columns, schema=SCHEMA), xy, cells.offsets)


def _level0(cells: Cells, frame: Frame) -> Float64:
    scale = np.array([frame.scale_x, frame.scale_y])
    size = np.array([frame.width_px, frame.height_px], np.float64)
    xy: Float64 = np.minimum(np.round(cells.xy * scale, 2), size)
    return xy


def _in_micrometres(cells: Cells, mpp: float) -> dict[str, Float64]:
    """Measures by column name, rounded to four decimals."""
    columns = {}
    for place, name in enumerate(MEASURES):
        unit = mpp**2 if name == "area" else mpp if name in _LENGTHS else 1.0
        columns[_NAMES[name]] = np.round(cells.measures[:, place] * unit, 4)
    return columns


def _ids(cells: Cells, fingerprint: str) -> list[str]:
    """A UUID per cell: a hash of the slide and of the outline, the same in every tiling."""
    key = bytes.fromhex(fingerprint)[:32]
    corners = np.ascontiguousarray(cells.xy.astype("<i4"))
    return [
        str(uuid.UUID(bytes=_hash(key, corners[start:end].tobytes()), version=5))
        for start, end in zip(cells.offsets[:-1], cells.offsets[1:], strict=True)
    ]


def _hash(key: bytes, content: bytes) -> bytes:
    return hashlib.blake2b(content, key=key, digest_size=16).digest()
