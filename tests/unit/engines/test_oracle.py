"""The oracle is what its docstring says: translation-equivariant, bounded, exact when tiled."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slideloom.arrays import Int32, UInt8
from slideloom.engines.oracle import OracleEngine
from slideloom.errors import EngineFailed, ParametersUnusable
from slideloom.grid import Grid
from slideloom.normalisation import IDENTITY, Normalisation

ENGINE = OracleEngine()
REACH = (ENGINE.info.largest_object_px - 1) // 2


def tissue(seed: int, height: int, width: int, blobs: int, noise: int = 12) -> UInt8:
    """(height, width, 3) pink ground with dark discs, some touching, some cut by the edge."""
    rng = np.random.default_rng(seed)
    image = np.full((height, width, 3), (232, 200, 220), np.int16)
    y, x = np.ogrid[:height, :width]
    for _ in range(blobs):
        radius = rng.integers(3, 16)
        inside = (y - rng.integers(height)) ** 2 + (x - rng.integers(width)) ** 2 < radius**2
        image[inside] = (rng.integers(30, 150), 60, 120)
    image += rng.integers(-noise, noise + 1, image.shape, np.int16)
    return np.clip(image, 0, 255).astype(np.uint8)


def labels_of(image: UInt8) -> Int32:
    return ENGINE.segment(image[None], IDENTITY)[0]


def objects(labels: Int32, y: int = 0, x: int = 0) -> set[frozenset[tuple[int, int]]]:
    """Objects as sets of pixels, so that the numbers of the labels do not matter."""
    rows, columns = np.nonzero(labels)
    found: dict[int, list[tuple[int, int]]] = {}
    for label, row, column in zip(
        labels[rows, columns].tolist(), (rows + y).tolist(), (columns + x).tolist(), strict=True
    ):
        found.setdefault(label, []).append((row, column))
    return {frozenset(pixels) for pixels in found.values()}


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    y=st.integers(0, 150),
    x=st.integers(0, 150),
    height=st.integers(100, 210),
    width=st.integers(100, 210),
    noise=st.sampled_from([0, 12, 90]),
)
def test_a_crop_has_the_same_objects_away_from_its_inner_borders(
    seed: int, y: int, x: int, height: int, width: int, noise: int
) -> None:
    image = tissue(seed, 260, 240, 70, noise)
    crop = image[y : y + height, x : x + width]
    far = ENGINE.info.receptive_field_px + REACH
    top, left = (y + far if y else 0), (x + far if x else 0)
    bottom = 260 if y + height >= 260 else y + height - far
    right = 240 if x + width >= 240 else x + width - far

    def inside(found: set[frozenset[tuple[int, int]]]) -> set[frozenset[tuple[int, int]]]:
        """Those with a centroid in the core that the tile would own."""
        return {
            pixels
            for pixels in found
            if top <= sum(p[0] for p in pixels) / len(pixels) < bottom
            and left <= sum(p[1] for p in pixels) / len(pixels) < right
        }

    assert inside(objects(labels_of(crop), y, x)) == inside(objects(labels_of(image)))


@pytest.mark.parametrize("tile_px", [256, 320])
def test_tiles_at_the_exact_overlap_give_the_untiled_objects(tile_px: int) -> None:
    image = tissue(3, 601, 517, 500)
    grid = Grid(517, 601, tile_px, ENGINE.info.exact_overlap_px)
    owned = []
    for tile in grid.tiles():
        r, c = tile.rect, tile.core
        found = objects(labels_of(image[r.y0 : r.y1, r.x0 : r.x1]), r.y0, r.x0)
        owned += [
            pixels
            for pixels in found
            if c.y0 <= sum(p[0] for p in pixels) / len(pixels) < c.y1
            and c.x0 <= sum(p[1] for p in pixels) / len(pixels) < c.x1
        ]
    assert len(owned) == len(set(owned)) > 50
    assert set(owned) == objects(labels_of(image))


def test_objects_are_bounded_connected_and_hold_one_root() -> None:
    image = np.zeros((200, 300, 3), np.uint8)
    labels = labels_of(image)
    assert labels.max() >= 1
    for pixels in objects(labels_of(tissue(1, 300, 300, 200))) | objects(labels):
        rows, columns = zip(*pixels, strict=True)
        largest = ENGINE.info.largest_object_px
        assert max(rows) - min(rows) < largest
        assert max(columns) - min(columns) < largest
        start = next(iter(pixels))
        seen, open_pixels = {start}, [start]
        while open_pixels:
            row, column = open_pixels.pop()
            near = {(row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)}
            open_pixels += near & pixels - seen
            seen |= near & pixels
        assert seen == set(pixels)


def test_dark_discs_on_white_and_pink_are_found_and_a_blank_tile_is_blank() -> None:
    for ground in ((255, 255, 255), (240, 190, 210)):
        image = np.full((120, 120, 3), ground, np.uint8)
        y, x = np.ogrid[:120, :120]
        for row, column in ((30, 30), (30, 80), (90, 60)):
            image[(y - row) ** 2 + (x - column) ** 2 < 64] = (90, 60, 130)
        labels = labels_of(image)
        assert labels.dtype == np.int32
        assert set(np.unique(labels)) == {0, 1, 2, 3}
        assert (labels[30, 30], labels[30, 80], labels[90, 60]) == (1, 2, 3)
    blank = np.full((2, 64, 64, 3), 255, np.uint8)
    assert not np.any(ENGINE.segment(blank, IDENTITY))


def test_the_batch_and_the_normalisation() -> None:
    tiles = np.stack([tissue(seed, 128, 128, 20) for seed in range(4)])
    together = ENGINE.segment(tiles, IDENTITY)
    for tile, labels in zip(tiles, together, strict=True):
        assert np.array_equal(labels_of(tile), labels)
    darker = ENGINE.segment(tiles, Normalisation((0.0, 0.0, 0.0), (150.0, 150.0, 150.0)))
    assert any(not np.array_equal(a, b) for a, b in zip(together, darker, strict=True))


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (3, 2), (0, 7)])
def test_tiny_tiles(shape: tuple[int, int]) -> None:
    assert labels_of(np.zeros((*shape, 3), np.uint8)).shape == shape


def test_what_it_refuses_and_states() -> None:
    with pytest.raises(EngineFailed):
        ENGINE.segment(np.zeros((1, 8, 8, 4), np.uint8), IDENTITY)
    for mpp in (0.0, -1.0, float("nan")):
        with pytest.raises(ParametersUnusable):
            OracleEngine(mpp)
    info = OracleEngine(0.25).info
    assert info.mpp == 0.25
    assert info.exact_overlap_px // 2 >= info.receptive_field_px + REACH
