"""The libraries that decide pixels, cells and pictures, and their versions."""

from functools import lru_cache
from importlib.metadata import version

LIBRARIES = (
    "slideloom",
    "imagecodecs",
    "instanseg-torch",
    "matplotlib",
    "numpy",
    "opencv-python-headless",
    "openslide-bin",
    "openslide-python",
    "orjson",
    "pillow",
    "pyarrow",
    "scikit-image",
    "shapely",
    "tifffile",
    "torch",
)


@lru_cache(maxsize=1)
def library_versions() -> dict[str, str]:
    """Installed version of each library, read once."""
    return {name: version(name) for name in LIBRARIES}
