"""The pictures of a result, drawn from `cells.parquet`, one row group at a time."""

from pathlib import Path
from tempfile import TemporaryDirectory

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
    pictures = Pictures(slide, tissue)
    for table in read_cells(folder.path / PARQUET, ["geometry", "area_um2"]):
        shapes = shapely.from_wkb(table["geometry"].to_numpy(zero_copy_only=False))
        corners, shape_of = shapely.get_coordinates(shapes, return_index=True)
        offsets = np.append(0, np.cumsum(np.bincount(shape_of, minlength=len(shapes))))
        pictures.add(corners, offsets.astype(np.int64), table["area_um2"].to_numpy())
    with TemporaryDirectory(dir=folder.path, prefix=".pictures-") as scratch:
        pictures.save(Path(scratch))
        for name in PICTURES:
            folder.write(name, (Path(scratch) / name).read_bytes())
