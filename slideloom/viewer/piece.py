"""Some thousands of cells in a form that is small in memory and quick to search.

Coordinates are whole hundredths of a level-0 pixel: what `cells.parquet` holds, exactly. An outline
is kept as what its corners lie from the corner of its box, two bytes each as long as that will do.
A piece is searched by comparing boxes, one after the other: 50,000 take less than a tree would to
be asked once, and there is nothing to be built.
"""

import uuid
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from slideloom.arrays import Bool, Float32, Float64, Int32, Int64, UInt8
from slideloom.errors import ResultDamaged
from slideloom.results.final import MEASURE_COLUMNS

UNITS = 100
"""Whole numbers per level-0 pixel."""
COLUMNS = ["id", "geometry", "centroid_x", "centroid_y", *MEASURE_COLUMNS, "clipped", "rescued"]
"""What is read of `cells.parquet`."""
CLIPPED, RESCUED = 1, 2
_AREA = MEASURE_COLUMNS.index("area_um2")
_FARTHEST = 2**31 - 1
_POLYGON = 3
_DAMAGED = "the cells cannot be read: run the job again"


@dataclass(frozen=True, slots=True)
class Piece:
    """k cells.

    Attributes:
        bounds: (4, k) int32 x0, y0, x1, y1 of the outlines, hundredths of a level-0 px.
        centroids: (2, k) int32 x and y, the same unit.
        measures: (k, m) float32, columns as `MEASURE_COLUMNS`.
        ids: (k, 16) uint8, the UUIDs' bytes.
        flags: (k,) uint8, sum of `CLIPPED` and `RESCUED`.
        corners: (n, 2) uint16 or uint32, from (x0, y0) of the cell, the same unit; not closed.
        offsets: (k + 1,) int32; outline i is `corners[offsets[i]:offsets[i + 1]]`.
        extent: x0, y0, x1, y1 around all; of no cells, a box that nothing meets.
    """

    bounds: Int32
    centroids: Int32
    measures: Float32
    ids: UInt8
    flags: UInt8
    corners: Any
    offsets: Int32
    extent: tuple[int, int, int, int]

    def __len__(self) -> int:
        return len(self.flags)

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        arrays = (getattr(self, field.name) for field in fields(self) if field.name != "extent")
        return sum(array.nbytes for array in arrays)

    def within(self, box: tuple[int, int, int, int]) -> Int64:
        """Places of the cells whose box meets this one (hundredths, edges included), ascending."""
        x0, y0, x1, y1 = self.bounds
        if not _meets(self.extent, box):
            return np.zeros(0, np.int64)
        met: Bool = (y0 <= box[3]) & (y1 >= box[1])
        met &= (x0 <= box[2]) & (x1 >= box[0])
        return np.flatnonzero(met)

    def outlines(self, places: Int64) -> tuple[Float64, Int64]:
        """(n, 2) corners in level-0 px of the cells at these places, and their (k + 1,) offsets."""
        starts = self.offsets[:-1][places].astype(np.int64)
        lengths = self.offsets[1:][places] - starts
        offsets = np.append(0, np.cumsum(lengths)).astype(np.int64)
        at = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
        origin = np.repeat(self.bounds[:2, places].T.astype(np.int64), lengths, axis=0)
        return (origin + self.corners[at]) / UNITS, offsets

    def areas_um2(self, places: Int64) -> Float64:
        """(k,) areas."""
        areas: Float64 = self.measures[places, _AREA].astype(np.float64)
        return areas

    def described(self, places: Int64) -> list[dict[str, Any]]:
        """The cells at these places as plain data: coordinates in level-0 px, measures by name."""
        coords, offsets = self.outlines(places)
        flat = np.round(coords, 2).ravel().tolist()
        centroids = (self.centroids[:, places].T / UNITS).tolist()
        measures = np.round(self.measures[places].astype(np.float64), 4).tolist()
        return [
            {
                "id": str(uuid.UUID(bytes=self.ids[place].tobytes())),
                "centroid": centroid,
                "outline": flat[2 * start : 2 * end],
                **dict(zip(MEASURE_COLUMNS, measured, strict=True)),
                "clipped": bool(self.flags[place] & CLIPPED),
                "rescued": bool(self.flags[place] & RESCUED),
            }
            for place, centroid, measured, start, end in zip(
                places, centroids, measures, offsets[:-1], offsets[1:], strict=True
            )
        ]


def _meets(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return one[0] <= other[2] and one[2] >= other[0] and one[1] <= other[3] and one[3] >= other[1]


def piece_of(table: pa.Table | pa.RecordBatch) -> Piece:
    """The cells of some rows of `cells.parquet`.

    Args:
        table: At least `COLUMNS`.

    Raises:
        ResultDamaged: They are not what we write.
    """
    try:
        return _piece(table)
    except (shapely.errors.ShapelyError, ValueError, KeyError, TypeError, pa.ArrowException) as bad:
        raise ResultDamaged(_DAMAGED) from bad


def _piece(table: pa.Table | pa.RecordBatch) -> Piece:
    columns = {name: table.column(name).to_numpy(zero_copy_only=False) for name in COLUMNS[1:]}
    corners, offsets = _rings(columns["geometry"])
    bounds = _bounds(corners, offsets)
    relative = corners - np.repeat(bounds[:2].T, np.diff(offsets), axis=0)
    kind = np.uint16 if relative.max(initial=0) < 2**16 else np.uint32
    measures = np.column_stack([columns[name] for name in MEASURE_COLUMNS])
    return Piece(
        bounds=bounds.astype(np.int32),
        centroids=np.stack([_units(columns["centroid_x"]), _units(columns["centroid_y"])]).astype(
            np.int32
        ),
        measures=measures.astype(np.float32),
        ids=_ids(table.column("id").to_pylist()),
        flags=(CLIPPED * columns["clipped"] + RESCUED * columns["rescued"]).astype(np.uint8),
        corners=relative.astype(kind),
        offsets=offsets.astype(np.int32),
        extent=_extent(bounds),
    )


def _rings(geometry: np.ndarray) -> tuple[Int64, Int64]:
    """(n, 2) corners in hundredths, none twice, and (k + 1,) offsets."""
    shapes = shapely.from_wkb(geometry)
    if (shapely.get_type_id(shapes) != _POLYGON).any():
        raise ResultDamaged(_DAMAGED)
    rings = shapely.get_exterior_ring(shapes)
    lengths = shapely.get_num_coordinates(rings).astype(np.int64)
    if (lengths < 4).any():
        raise ResultDamaged(_DAMAGED)
    coords = _units(shapely.get_coordinates(rings))
    first = np.ones(len(coords), bool)
    first[np.cumsum(lengths) - 1] = False  # a ring of WKB ends where it began
    return coords[first], np.append(0, np.cumsum(lengths - 1)).astype(np.int64)


def _units(values: np.ndarray) -> Int64:
    """Level-0 px in whole hundredths."""
    scaled = np.rint(np.asarray(values, np.float64) * UNITS)
    if not (np.abs(scaled) <= _FARTHEST).all():  # also where it is not a number
        raise ResultDamaged(_DAMAGED)
    whole: Int64 = scaled.astype(np.int64)
    return whole


def _bounds(corners: Int64, offsets: Int64) -> Int64:
    """(4, k) int64 boxes."""
    if len(offsets) == 1:
        return np.zeros((4, 0), np.int64)
    low = np.minimum.reduceat(corners, offsets[:-1], axis=0)
    high = np.maximum.reduceat(corners, offsets[:-1], axis=0)
    return np.ascontiguousarray(np.concatenate([low, high], axis=1).T)


def _extent(bounds: Int64) -> tuple[int, int, int, int]:
    if not bounds.shape[1]:
        return _FARTHEST + 1, _FARTHEST + 1, -_FARTHEST - 1, -_FARTHEST - 1
    x0, y0 = bounds[:2].min(axis=1).tolist()
    x1, y1 = bounds[2:].max(axis=1).tolist()
    return x0, y0, x1, y1


def _ids(texts: list[str]) -> UInt8:
    packed = bytes.fromhex("".join(texts).replace("-", ""))
    return np.frombuffer(packed, np.uint8).reshape(len(texts), 16)
