"""Where the time of a tile goes with the shipped model, and what two tile tasks at once gain."""

from concurrent.futures import ThreadPoolExecutor

from bench.report import Figure, seconds
from slideloom.cells.extract import extract
from slideloom.engines.loading import load_engine
from slideloom.grid import Grid
from slideloom.models import SHIPPED_MODEL
from slideloom.normalisation import Normalisation
from slideloom.sample import fetch_sample
from slideloom.slides import GridReader, open_slide
from slideloom.verify import verify_model

_SIDE = 512


def run() -> list[Figure]:
    """Shares of one 512 px tile, and wall time of eight tiles by one and by two threads."""
    report = verify_model(SHIPPED_MODEL, "cpu", sides_px=(_SIDE,))
    (timing,) = report.timings
    engine = load_engine(SHIPPED_MODEL, "cpu", threads=2)
    normal = Normalisation((6.0, 1.0, 22.0), (255.0, 255.0, 255.0))
    with open_slide(fetch_sample()) as slide:
        reader = GridReader(slide, engine.info.mpp)
        tiles = [
            reader.read(x, y, _SIDE, _SIDE)[None]
            for y in (600, 1112)
            for x in (500, 800, 1100, 1400)
        ]

    def segment(threads: int) -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda tile: engine.segment(tile, normal), tiles))

    segment(1)
    one, two = seconds(lambda: segment(1)), seconds(lambda: segment(2))
    labels = engine.segment(tiles[0], normal)[0]
    grid = Grid(_SIDE, _SIDE, _SIDE, 0)
    extract(labels, tiles[0][0], grid.tile(0, 0), grid)
    measuring = seconds(lambda: extract(labels, tiles[0][0], grid.tile(0, 0), grid))
    return [
        Figure(
            "network / whole tile (dense synthetic 512 px)", timing.network_s / timing.whole_s, "×"
        ),
        Figure("objects in that tile", timing.objects, ""),
        Figure("one tile task / two side by side, eight tissue tiles", one / two, "×"),
        Figure(
            "outlines and measures / engine, one tissue tile", measuring / (one / len(tiles)), "×"
        ),
        Figure("engine, 512 px tissue tile, one thread", one / len(tiles), "s"),
    ]
