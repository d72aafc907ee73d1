"""Tiled equals untiled, object by object, pixel by pixel, with the oracle engine."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slideloom.engines.oracle import OracleEngine
from tests.helpers.runs import merged_cells, outlines, plan_for, untiled
from tests.helpers.slides import ArraySlide, drawn_tissue

ENGINE = OracleEngine()
EXACT = ENGINE.info.exact_overlap_px


@settings(max_examples=12, deadline=None)
@given(
    width=st.integers(1, 900),
    height=st.integers(1, 900),
    tile=st.sampled_from([256, 320, 512, 1024, 2048]),
    wider=st.integers(0, 4),
    seed=st.integers(0, 2**32 - 1),
)
def test_tiled_equals_untiled(width: int, height: int, tile: int, wider: int, seed: int) -> None:
    slide = ArraySlide(drawn_tissue(width, height, seed))
    overlap = min(EXACT + 32 * wider, tile // 2 // 16 * 16)
    if overlap < EXACT:
        tile, overlap = 2 * EXACT, EXACT
    plan = plan_for(slide, ENGINE, tile, overlap)
    assert plan.exact
    rows = merged_cells(slide, ENGINE, plan)
    assert outlines(rows) == untiled(slide, ENGINE)
    assert not any(row.clipped.any() or row.rescued.any() for row in rows)


@pytest.mark.parametrize(
    ("width", "height"),
    [
        (257, 256),  # one pixel more than a tile
        (256, 256),
        (100, 40),  # smaller than a tile
        (1009, 307),  # primes, not square
        (1, 700),
    ],
)
def test_odd_sizes(width: int, height: int) -> None:
    slide = ArraySlide(drawn_tissue(width, height, 7))
    rows = merged_cells(slide, ENGINE, plan_for(slide, ENGINE, max(256, 2 * EXACT), EXACT))
    assert outlines(rows) == untiled(slide, ENGINE)


def test_cells_on_the_edge_are_kept() -> None:
    pixels = np.full((300, 500, 3), 230, np.uint8)
    for y, x in ((0, 250), (299, 250), (150, 0), (150, 499), (0, 0), (299, 499)):
        pixels[max(0, y - 6) : y + 7, max(0, x - 6) : x + 7] = 30
    slide = ArraySlide(pixels)
    rows = merged_cells(slide, ENGINE, plan_for(slide, ENGINE, max(256, 2 * EXACT), EXACT))
    assert len(outlines(rows)) == 6
    assert outlines(rows) == untiled(slide, ENGINE)


def test_an_empty_slide_has_no_cells() -> None:
    slide = ArraySlide(np.full((700, 700, 3), 240, np.uint8))
    rows = merged_cells(slide, ENGINE, plan_for(slide, ENGINE, 256, 64))
    assert outlines(rows) == []
    assert len(rows) == plan_for(slide, ENGINE, 256, 64).grid.rows
