"""Tissue as GeoJSON that QuPath opens: annotations in level-0 pixels, origin top left.

QuPath's own dialect (its docs, "Exporting annotations"): features with `properties.objectType`
"annotation" and a `classification` with a name and a colour. Reading also accepts a bare geometry
and a single Feature (RFC 7946), plain or gzip.
"""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import shapely
from shapely import MultiPolygon, Polygon

from slideloom.errors import TissueMaskUnusable
from slideloom.tissue.mask import TissueMask
from slideloom.tissue.polygons import Area, outlines

_COLOUR = (0, 160, 80)
_MAX_BYTES = 256 * 1024 * 1024
"""Unpacked; a hand-drawn annotation has kilobytes."""
_MAX_DEPTH = 8
_NOT_AREAS = ("detection", "cell", "tile")
"""QuPath objects that are the result of an analysis and no outline of tissue."""


def to_geojson(tissue: TissueMask) -> bytes:
    """A FeatureCollection with one annotation per polygon; the same bytes for the same mask."""
    features = [_feature(polygon) for polygon in outlines(tissue)]
    return orjson.dumps({"type": "FeatureCollection", "features": features})


def _feature(polygon: Polygon) -> dict[str, object]:
    return {
        "type": "Feature",
        "geometry": shapely.geometry.mapping(polygon),
        "properties": {
            "objectType": "annotation",
            "classification": {"name": "Tissue", "color": _COLOUR},
            "isLocked": True,
        },
    }


def read_areas(path: Path) -> list[Area]:
    """All areas of a `.geojson`, `.json` or gzip file, in level-0 px.

    Raises:
        TissueMaskUnusable: Unreadable, not GeoJSON, or with something else than areas in it.
    """
    try:
        document = orjson.loads(_unpacked(path))
    except orjson.JSONDecodeError as error:
        raise TissueMaskUnusable(f"tissue mask {path} is not JSON: {error}") from error
    found = [_area(geometry, path) for geometry in _geometries(document, path)]
    return [area for area in found if not area.is_empty]


def _unpacked(path: Path) -> bytes:
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            stream = gzip.GzipFile(fileobj=raw) if packed else raw
            content = stream.read(_MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise TissueMaskUnusable(f"tissue mask {path} cannot be read: {error}") from error
    if len(content) > _MAX_BYTES:
        raise TissueMaskUnusable(
            f"tissue mask {path} unpacks to more than {_MAX_BYTES} bytes: simplify its outlines"
        )
    return content


def _geometries(document: Any, path: Path, depth: int = 0) -> Iterator[Any]:
    """The geometries of a FeatureCollection, a Feature, a list of features or a bare geometry."""
    if depth > _MAX_DEPTH:
        raise TissueMaskUnusable(f"tissue mask {path} is no GeoJSON: it is nested too deeply")
    kind = document.get("type") if isinstance(document, dict) else None
    if isinstance(document, list):
        members = document
    elif kind == "FeatureCollection":
        members = _list(document.get("features"), path)
    elif kind == "GeometryCollection":
        members = _list(document.get("geometries"), path)
    elif kind == "Feature":
        if _object_type(document) not in _NOT_AREAS and document.get("geometry") is not None:
            yield from _geometries(document["geometry"], path, depth + 1)
        return
    else:
        yield document
        return
    for member in members:
        yield from _geometries(member, path, depth + 1)


def _list(members: Any, path: Path) -> list[Any]:
    if not isinstance(members, list):
        raise TissueMaskUnusable(f"tissue mask {path} is no GeoJSON: its members are no list")
    return members


def _object_type(feature: dict[str, Any]) -> object:
    properties = feature.get("properties")
    return properties.get("objectType") if isinstance(properties, dict) else None


def _area(geometry: Any, path: Path) -> Area:
    """A geometry that must be an area."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        name = kind if isinstance(kind, str) else type(geometry).__name__
        raise TissueMaskUnusable(
            f"tissue mask {path} holds a {name}: export only closed areas (Polygon, MultiPolygon)"
        )
    try:
        shape = shapely.geometry.shape(geometry)
    except (shapely.errors.ShapelyError, ValueError, TypeError, KeyError, IndexError) as error:
        raise TissueMaskUnusable(f"tissue mask {path} has a broken {kind}: {error}") from error
    if not isinstance(shape, Polygon | MultiPolygon):
        raise TissueMaskUnusable(f"tissue mask {path} has a broken {kind}")
    return shape
