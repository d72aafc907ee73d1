"""The pictures of a result, drawn from `cells.parquet`, one row group at a time."""

import numpy as np
import shapely

from slideloom.drawing import Pictures
from slideloom.results.folder import ResultFolder
from slideloom.results.geoparquet import read_cells
from slideloom.segmentation.merging import PARQUET
from slideloom.slides import Slide
from slideloom.tissue import TissueMask

PICTURES = (
    "base.jpg",
    "overlay.png",
    "combined.jpg",
    "thumbnail.jpg",
    "density.png",
    "area_histogram.png",
)


def draw_pictures(slide: Slide, tissue: TissueMask, folder: ResultFolder) -> None:
    """Draw all pictures of a merged job; each appears whole or not at all."""
    pictures = Pictures(slide, tissue=tissue)
    for table in read_cells(folder.path / PARQUET, ["geometry", "area_um2"]):
        shapes = shapely.from_wkb(table["geometry"].to_numpy(zero_copy_only=False))
        corners, shape_of = shapely.get_coordinates(shapes, return_index=True)
        # A polygon's ring ends with its first corner; pictures want each corner once.
        closing = np.append(shape_of[1:] != shape_of[:-1], True)
        lengths = np.bincount(shape_of[~closing], minlength=len(shapes))
        offsets = np.append(0, np.cumsum(lengths)).astype(np.int64)
        pictures.add(corners[~closing], offsets, table["area_um2"].to_numpy())
    for name, content in pictures.files():
        folder.write(name, content)
