"""What Prefect costs: the flow against the bare core, same slide, same engine, same process."""

import asyncio
import tempfile
from pathlib import Path

import cv2
import numpy as np

from bench.report import Figure, paired_ratio, seconds
from deployments.cli.quiet import quieten
from slideloom.engines.oracle import OracleEngine
from slideloom.parameters import SegmentCells
from slideloom.segmentation.job import segment_slide
from slideloom.slides import open_slide

_SIDE = 6000


def _slide(folder: Path) -> Path:
    rng = np.random.default_rng(1)
    pixels = np.full((_SIDE, _SIDE, 3), (205, 180, 225), np.uint8)
    for _ in range(_SIDE * _SIDE // 500):
        centre = (int(rng.integers(0, _SIDE)), int(rng.integers(0, _SIDE)))
        cv2.circle(pixels, centre, int(rng.integers(4, 9)), (120, 40, 70), -1)
    path = folder / "slide.png"
    cv2.imwrite(str(path), pixels)
    return path


def run() -> list[Figure]:
    """Paired runs on a 36 megapixel slide; the temporary server is started before."""
    quieten()
    from prefect.testing.utilities import prefect_test_harness

    from flows.segment_cells import segment_cells

    with tempfile.TemporaryDirectory() as scratch, prefect_test_harness(180):
        path = _slide(Path(scratch))
        job = SegmentCells(slide=str(path), mpp=0.5, model="oracle", tissue="off")
        runs = iter(range(1000))

        def flow() -> None:
            asyncio.run(segment_cells(job, str(Path(scratch) / str(next(runs)))))

        def core() -> None:
            with open_slide(path, 0.5) as slide:
                segment_slide(job, Path(scratch) / str(next(runs)), slide, OracleEngine())

        flow()
        bare = seconds(core)
        return [
            Figure("bare core, 36 megapixels, oracle engine", bare, "s"),
            Figure("flow / bare core", paired_ratio(core, flow, 4), "×"),
        ]
