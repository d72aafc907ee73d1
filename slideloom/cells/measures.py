"""What is measured of every cell, on its pixels and its outline.

All sums are sums of integers, so they are exact: a cell has the same measures in whatever tile it
was seen, in whatever order its pixels were added up.
"""

from dataclasses import dataclass, fields

import numpy as np
import shapely

from slideloom.arrays import Float64, Int32, Int64, UInt8
from slideloom.cells.outlines import Rings

# Ruifrok and Johnston 2001, "Quantification of histochemical staining by color deconvolution":
# optical density of pure haematoxylin, eosin and DAB in R, G, B.
_STAINS = np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]])
_UNMIX = np.linalg.inv(_STAINS / np.linalg.norm(_STAINS, axis=1, keepdims=True))
_OD_UNIT = 1 << 20
# -log10 of the transmitted share, in integer steps of 2^-20 so that sums are exact.
_OPTICAL_DENSITY = np.rint(-np.log10((np.arange(256) + 1.0) / 256.0) * _OD_UNIT).astype(np.int64)


@dataclass(frozen=True, slots=True)
class PixelSums:
    """Exact integer sums over each object's pixels; coordinates are indices in the label image.

    Attributes:
        count: (k,) int64 number of pixels (holes not included).
        x: (k,) int64 sum of column indices.
        y: (k,) int64 sum of row indices.
        xx: (k,) int64 sum of squared column indices.
        yy: (k,) int64 sum of squared row indices.
        xy: (k,) int64 sum of their products.
        density: (k, 3) int64 sum of optical densities of R, G, B in units of 2^-20.
    """

    count: Int64
    x: Int64
    y: Int64
    xx: Int64
    yy: Int64
    xy: Int64
    density: Int64


@dataclass(frozen=True, slots=True)
class Measures:
    """Measures of k cells, (k,) float64 each; lengths in model pixels until `in_micrometres`.

    Attributes:
        area: Area inside the outline.
        perimeter: Length of the outline through the midpoints of pixel edges.
        major_axis: Major axis of the ellipse with the same second moments.
        minor_axis: Its minor axis.
        eccentricity: Of that ellipse, 0 for a circle.
        solidity: Area over the area of the convex hull.
        haematoxylin: Mean optical density of haematoxylin (colour deconvolution).
        eosin: The same of eosin.
        dab: The same of DAB.
    """

    area: Float64
    perimeter: Float64
    major_axis: Float64
    minor_axis: Float64
    eccentricity: Float64
    solidity: Float64
    haematoxylin: Float64
    eosin: Float64
    dab: Float64


MEASURES = tuple(field.name for field in fields(Measures))


def pixel_sums(labels: Int32, pixels: UInt8) -> PixelSums:
    """Sums over the pixels of labels 1..k.

    Args:
        labels: (h, w) int32 canonical label image.
        pixels: (h, w, 3) uint8 RGB.
    """
    y, x = np.nonzero(labels)
    label = labels[y, x].astype(np.int64) - 1
    count = int(label.max(initial=-1)) + 1
    y, x, colour = y.astype(np.int64), x.astype(np.int64), pixels[y, x]

    def total(values: Int64) -> Int64:
        # bincount adds doubles: exact for integers below 2^53, which 2^20 · 2^24 · 2^8 stays under.
        return np.bincount(label, weights=values, minlength=count).astype(np.int64)

    density = [total(_OPTICAL_DENSITY[colour[:, channel]]) for channel in range(3)]
    return PixelSums(
        np.bincount(label, minlength=count).astype(np.int64),
        total(x),
        total(y),
        total(x * x),
        total(y * y),
        total(x * y),
        np.stack(density, axis=1),
    )


def measure(sums: PixelSums, rings: Rings) -> Measures:
    """Measures of every cell, in model pixels."""
    major, minor = _axes(sums)
    haematoxylin, eosin, dab = _stains(sums)
    return Measures(
        area=rings.area.astype(np.float64),
        perimeter=rings.perimeter(),
        major_axis=major,
        minor_axis=minor,
        eccentricity=np.sqrt(np.maximum(0.0, 1.0 - (minor / major) ** 2)),
        solidity=rings.area / _hull_area(rings),
        haematoxylin=haematoxylin,
        eosin=eosin,
        dab=dab,
    )


def _axes(sums: PixelSums) -> tuple[Float64, Float64]:
    """Axes of the ellipse with equal second moments: 4 · √eigenvalue of the covariance.

    A pixel is a unit square, hence the 1/12 on the diagonal. The sums are first moved, in integers,
    to the whole pixel nearest the centroid: the same numbers wherever the tile lies, and no
    overflow for a cell as large as its tile.
    """
    n, mean_x, mean_y = sums.count, sums.x // sums.count, sums.y // sums.count
    x, y = sums.x - n * mean_x, sums.y - n * mean_y
    xx = sums.xx - 2 * mean_x * sums.x + n * mean_x**2
    yy = sums.yy - 2 * mean_y * sums.y + n * mean_y**2
    xy = sums.xy - mean_x * sums.y - mean_y * sums.x + n * mean_x * mean_y
    var_x, var_y = xx / n - (x / n) ** 2 + 1 / 12, yy / n - (y / n) ** 2 + 1 / 12
    covariance = xy / n - (x / n) * (y / n)
    mean, half = (var_x + var_y) / 2, (var_x - var_y) / 2
    spread = np.sqrt(half**2 + covariance**2)
    return 4 * np.sqrt(mean + spread), 4 * np.sqrt(np.maximum(mean - spread, 1 / 12))


def _stains(sums: PixelSums) -> tuple[Float64, Float64, Float64]:
    """Mean optical density of each stain; deconvolution is linear, so it acts on the means."""
    red, green, blue = (sums.density[:, c] / (sums.count * float(_OD_UNIT)) for c in range(3))
    mixed = [red * _UNMIX[0, s] + green * _UNMIX[1, s] + blue * _UNMIX[2, s] for s in range(3)]
    return mixed[0], mixed[1], mixed[2]


def _hull_area(rings: Rings) -> Float64:
    """(k,) area of each ring's convex hull."""
    shapes = polygons(rings.xy, rings.offsets)
    return np.asarray(shapely.area(shapely.convex_hull(shapes)), np.float64)


def polygons(xy: np.ndarray, offsets: Int64) -> np.ndarray:
    """(k,) shapely polygons of ragged rings."""
    ring_of = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    return np.asarray(shapely.polygons(shapely.linearrings(xy.astype(np.float64), indices=ring_of)))
