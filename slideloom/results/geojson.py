"""`cells.geojson.gz`: a FeatureCollection of QuPath detections in level-0 pixels."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import orjson

from slideloom.results.final import MEASURE_COLUMNS, FinalCells

_HEAD = b'{"type":"FeatureCollection","features":['
_TAIL = b"\n]}\n"
_CLASS = {"name": "Nucleus", "color": [0, 200, 83]}
_MEASUREMENTS = {
    "area_um2": "Area µm^2",
    "perimeter_um": "Perimeter µm",
    "major_axis_um": "Major axis µm",
    "minor_axis_um": "Minor axis µm",
    "eccentricity": "Eccentricity",
    "solidity": "Solidity",
    "haematoxylin_od": "Haematoxylin OD mean",
    "eosin_od": "Eosin OD mean",
    "dab_od": "DAB OD mean",
}


class GeoJsonCells:
    """Writes cells as they come, one feature a line."""

    def __init__(self, out: BinaryIO) -> None:
        """Write the head."""
        self._out = out
        self._first = True
        out.write(_HEAD)

    def add(self, cells: FinalCells) -> None:
        """Take the next cells."""
        rings = np.split(cells.xy, cells.offsets[1:-1]) if cells.table.num_rows else []
        columns = {name: cells.table[name].to_pylist() for name in ("id", *MEASURE_COLUMNS)}
        clipped_or_not = (cells.table[name].to_pylist() for name in ("clipped", "rescued"))
        flags = zip(*clipped_or_not, strict=True)
        for place, (ring, (clipped, rescued)) in enumerate(zip(rings, flags, strict=True)):
            measurements = {_MEASUREMENTS[name]: columns[name][place] for name in MEASURE_COLUMNS}
            if clipped:
                measurements["Clipped"] = 1
            if rescued:
                measurements["Rescued"] = 1
            self._write(columns["id"][place], ring, measurements)

    def _write(self, name: str, ring: np.ndarray, measurements: dict[str, float]) -> None:
        feature = {
            "type": "Feature",
            "id": name,
            "geometry": {"type": "Polygon", "coordinates": [np.concatenate([ring, ring[:1]])]},
            "properties": {
                "objectType": "detection",
                "classification": _CLASS,
                "measurements": measurements,
            },
        }
        self._out.write(b"\n" if self._first else b",\n")
        self._out.write(orjson.dumps(feature, option=orjson.OPT_SERIALIZE_NUMPY))
        self._first = False

    def close(self) -> None:
        """Write the tail."""
        self._out.write(_TAIL)


@contextmanager
def geojson_cells(path: Path) -> Iterator[GeoJsonCells]:
    """A gzipped GeoJSON file; no name and no time in its head, so equal cells give equal bytes."""
    with (
        open(path, "wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0) as packed,
    ):
        writer = GeoJsonCells(cast(BinaryIO, packed))
        yield writer
        writer.close()
