"""Reading tiles of the sample slide: through OpenSlide alone, and as slideloom reads them."""

import openslide

from bench.report import Figure, paired_ratio, seconds
from slideloom.sample import fetch_sample
from slideloom.slides import GridReader, open_slide

_SIDE = 1024


def run() -> list[Figure]:
    """OpenSlide's read_region and conversion against `GridReader.read`, same places."""
    path = fetch_sample()
    places = [(x, y) for y in (0, 896, 1792) for x in (0, 896)]
    plain = openslide.OpenSlide(str(path))

    def through_openslide() -> None:
        for x, y in places:
            plain.read_region((x, y), 0, (_SIDE, _SIDE)).convert("RGB")

    def through_slideloom(mpp: float) -> None:
        with open_slide(path) as slide:
            reader = GridReader(slide, mpp)
            for x, y in places:
                reader.read(x, y, _SIDE, _SIDE)

    through_openslide()
    through_slideloom(0.5)
    return [
        Figure(
            "OpenSlide, 1024 px tile at level 0",
            1000 * seconds(through_openslide) / len(places),
            "ms",
        ),
        Figure(
            "slideloom / OpenSlide, level-0 pixels",
            paired_ratio(through_openslide, lambda: through_slideloom(0.499), 7),
            "×",
        ),
        Figure(
            "slideloom with resampling to 0.5 µm / OpenSlide without",
            paired_ratio(through_openslide, lambda: through_slideloom(0.5), 7),
            "×",
        ),
    ]
