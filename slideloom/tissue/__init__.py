"""Which part of a slide is tissue, and what its pixels look like."""

from slideloom.tissue.detect import detect_tissue, find_tissue, mask_pixel_um
from slideloom.tissue.files import load_mask, to_png
from slideloom.tissue.geojson import to_geojson
from slideloom.tissue.mask import TissueMask
from slideloom.tissue.parameters import TissueParameters
from slideloom.tissue.sampling import normalisation_constants

__all__ = [
    "TissueMask",
    "TissueParameters",
    "detect_tissue",
    "find_tissue",
    "load_mask",
    "mask_pixel_um",
    "normalisation_constants",
    "to_geojson",
    "to_png",
]
