import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from slideloom.arrays import Float64, Int64, UInt8
from slideloom.drawing import Pictures, preview_jpeg
from slideloom.drawing.frame import Frame
from slideloom.drawing.outlines import line_width
from slideloom.drawing.pictures import OUTLINE_RGB
from slideloom.errors import ParametersUnusable
from slideloom.tissue import TissueMask
from tests.unit.tissue import drawn

NAMES = (
    "base.jpg",
    "thumbnail.jpg",
    "overlay.png",
    "combined.jpg",
    "density.png",
    "area_histogram.png",
)
Cells = tuple[Float64, Int64, Float64]


def slide(height: int, width: int, mpp: float = 0.5) -> drawn.MemorySlide:
    return drawn.MemorySlide(drawn.glass(height, width, (235, 220, 230)), mpp)


def squares(corners: list[tuple[float, float]], side: float, mpp: float = 0.5) -> Cells:
    """Square cells by their top left corners, level-0 px."""
    offset = np.array([(0, 0), (side, 0), (side, side), (0, side)], np.float64)
    coords = np.concatenate([offset + corner for corner in corners])
    offsets = np.arange(len(corners) + 1, dtype=np.int64) * 4
    return coords, offsets, np.full(len(corners), (side * mpp) ** 2)


def image(content: bytes) -> UInt8:
    with Image.open(io.BytesIO(content)) as opened:
        return np.array(opened)


def pictures_of(own: drawn.MemorySlide, *batches: Cells, max_side_px: int = 4096) -> Pictures:
    pictures = Pictures(own, max_side_px)
    for batch in batches:
        pictures.add(*batch)
    return pictures


def test_every_picture_is_made_and_by_files_alone() -> None:
    pictures = pictures_of(slide(300, 400), squares([(50, 60), (200, 100)], 20))
    made = dict(pictures.files())
    assert tuple(made) == NAMES
    sizes = {name: image(content).shape[1::-1] for name, content in made.items()}
    assert sizes["base.jpg"] == sizes["overlay.png"] == sizes["combined.jpg"]
    assert max(sizes["thumbnail.jpg"]) <= 512
    assert not hasattr(pictures, "save")  # a result's folder writes files, whole or not at all


def test_no_cells_are_fine() -> None:
    pictures = Pictures(slide(64, 80))
    pictures.add(np.zeros((0, 2)), np.zeros(1, np.int64), np.zeros(0))
    made = dict(pictures.files())
    assert not image(made["overlay.png"])[..., 3].any()
    assert made["base.jpg"] == made["combined.jpg"]


def test_no_tissue_is_fine() -> None:
    own = slide(64, 80)
    nothing = TissueMask(np.zeros((4, 5), np.bool_), (16.0, 16.0), 80, 64, "auto")
    assert len(dict(Pictures(own, tissue=nothing).files())) == len(NAMES)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1)])
def test_tiny_slides(shape: tuple[int, int]) -> None:
    assert len(dict(pictures_of(slide(*shape), squares([(0, 0)], 1)).files())) == len(NAMES)


def overlay(pictures: Pictures) -> UInt8:
    return image(dict(pictures.files())["overlay.png"])


def test_the_overlay_follows_the_outline() -> None:
    alpha = overlay(pictures_of(slide(1200, 1500), squares([(400.5, 300.5)], 40)))[..., 3]
    assert alpha.shape == (1200, 1500)
    line = alpha >= 200
    rows, columns = np.nonzero(line)
    assert (rows.min(), rows.max()) == (300, 340)
    assert (columns.min(), columns.max()) == (400, 440)
    assert line[300, 400:440].all()
    assert not alpha[305:335, 405:435].any()


def test_the_overlay_has_one_colour_and_is_clear_elsewhere() -> None:
    pixels = overlay(pictures_of(slide(1200, 1500), squares([(400, 300)], 40)))
    assert (pixels[pixels[..., 3] > 0][:, :3] == OUTLINE_RGB).all()
    assert (pixels[..., 3] == 0).mean() > 0.99


def test_combined_is_the_base_off_the_lines() -> None:
    own = slide(1200, 1500)
    pictures = pictures_of(own, squares([(400.5, 300.5)], 40))
    combined = pictures.combined()
    assert np.array_equal(combined[:290], own.pixels[:290])
    assert combined[300, 420, 1] > combined[300, 420, 0] + 60


def test_small_cells_are_filled_and_not_blown_up() -> None:
    corners = [(float(x), float(y)) for x in range(100, 1900, 100) for y in range(100, 1900, 100)]
    alpha = overlay(pictures_of(slide(2000, 2000), squares(corners, 16), max_side_px=250))[..., 3]
    drawn_px = float(alpha.sum()) / 255
    assert 0.7 < drawn_px / (len(corners) * 4) < 3
    assert alpha[12 + 1, 12 + 1] > 0


def test_overlapping_small_cells_do_not_cancel() -> None:
    alone = overlay(pictures_of(slide(2000, 2000), squares([(80, 80)], 16), max_side_px=250))
    cells = squares([(80, 80), (80, 80)], 16)
    twice = overlay(pictures_of(slide(2000, 2000), cells, max_side_px=250))
    assert (twice[..., 3] >= alone[..., 3]).all()


def test_batches_do_not_matter() -> None:
    own = slide(400, 500)
    corners = [(x * 40.0, y * 40.0) for x in range(10) for y in range(8)]
    whole = dict(pictures_of(own, squares(corners, 20)).files())
    parts = [squares(corners[k : k + 7], 20) for k in range(0, len(corners), 7)]
    assert dict(pictures_of(own, *parts).files()) == whole


def test_same_bytes_from_many_threads() -> None:
    own = slide(200, 300)
    cells = squares([(50, 60), (200, 100)], 20)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: dict(pictures_of(own, cells).files()), range(6)))
    assert all(result == results[0] for result in results)


@pytest.mark.parametrize(
    ("shape", "limit", "expected", "zoom"),
    [
        ((2967, 2220), 4096, (2967, 2220), 1),
        ((256, 256), 4096, (1024, 1024), 4),
        ((256, 320), 4096, (768, 960), 3),
        ((512, 680), 4096, (512, 680), 1),
        ((256, 320), 200, (160, 200), 1),
        ((1, 1), 4096, (4, 4), 4),
        ((1000, 2000), 500, (250, 500), 1),
    ],
)
def test_size_of_the_pictures(
    shape: tuple[int, int], limit: int, expected: tuple[int, int], zoom: int
) -> None:
    own = slide(*shape)
    frame = Frame.of(own, limit)
    assert (frame.height_px, frame.width_px) == expected
    assert frame.zoom == zoom
    assert frame.read(own).shape == (*expected, 3)
    corner = frame.place(np.array([[float(shape[1]), float(shape[0])]]))
    assert corner[0].tolist() == pytest.approx([expected[1], expected[0]], abs=0.01)


def test_lines_adapt_to_the_scale() -> None:
    assert [line_width(um) for um in (10.0, 0.5, 0.25, 0.1, 0.01)] == [1, 1, 3, 3, 3]


@pytest.mark.parametrize(
    ("coords", "offsets", "areas"),
    [
        (np.zeros((4, 2)), np.array([0, 3]), np.zeros(1)),
        (np.zeros((4, 2)), np.array([0, 4]), np.zeros(2)),
        (np.zeros((4, 3)), np.array([0, 4]), np.zeros(1)),
        (np.zeros((4, 2)), np.array([0, 4, 4]), np.zeros(2)),
        (np.zeros((4, 2)), np.array([1, 4]), np.zeros(1)),
    ],
)
def test_outlines_must_fit_together(coords: Float64, offsets: Int64, areas: Float64) -> None:
    with pytest.raises(ParametersUnusable, match="fit together"):
        Pictures(slide(20, 20)).add(coords, offsets, areas)


def test_points_far_off_the_slide_do_no_harm() -> None:
    pictures_of(slide(40, 50), squares([(1e12, -1e12)], 20)).combined()


def test_an_empty_picture_is_refused() -> None:
    with pytest.raises(ParametersUnusable, match="empty"):
        Pictures(slide(20, 20), max_side_px=0)


def test_preview_is_small() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (1500, 1000, 3), np.uint8)
    encoded = preview_jpeg(noise)
    assert len(encoded) <= 60_000
    assert max(Image.open(io.BytesIO(encoded)).size) <= 800


def test_preview_of_an_easy_picture_keeps_its_size() -> None:
    encoded = preview_jpeg(np.full((1500, 1000, 3), 200, np.uint8))
    assert Image.open(io.BytesIO(encoded)).size == (533, 800)
    assert Image.open(io.BytesIO(preview_jpeg(np.zeros((30, 20, 3), np.uint8)))).size == (20, 30)


def test_preview_that_cannot_be_says_so() -> None:
    with pytest.raises(ParametersUnusable, match="fits"):
        preview_jpeg(np.zeros((30, 20, 3), np.uint8), max_bytes=10)
