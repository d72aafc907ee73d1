import numpy as np

from slideloom.normalisation import IDENTITY, from_histogram, histogram
from slideloom.slides import GridReader
from slideloom.tissue import TissueMask, normalisation_constants
from slideloom.tissue.sampling import BLOCK_PX, MAX_BLOCKS, sample_blocks
from tests.unit.tissue import drawn


def noise(height: int, width: int) -> drawn.MemorySlide:
    random = np.random.default_rng(3)
    return drawn.MemorySlide(random.integers(0, 256, (height, width, 3), np.uint8), mpp=0.5)


def masked(slide: drawn.MemorySlide, mask: np.ndarray) -> TissueMask:
    scale = slide.width_px / mask.shape[1], slide.height_px / mask.shape[0]
    return TissueMask(mask, scale, slide.width_px, slide.height_px, "auto")


def test_few_blocks_are_all_counted_exactly() -> None:
    slide = noise(600, 500)
    mask = np.zeros((6, 5), np.bool_)
    mask[1:4, 2:] = True
    constants = normalisation_constants(GridReader(slide, 0.5), masked(slide, mask))
    assert constants == from_histogram(histogram(slide.pixels[100:400, 200:]))


def test_constants_ignore_glass() -> None:
    slide = noise(300, 400)
    tissue = masked(slide, np.array([[True, False]]))
    before = normalisation_constants(GridReader(slide, 0.5), tissue)
    slide.pixels[:, 200:] = 255
    assert normalisation_constants(GridReader(slide, 0.5), tissue) == before


def test_no_tissue_needs_no_reading() -> None:
    slide = noise(300, 400)
    reader = GridReader(slide, 0.5)
    assert normalisation_constants(reader, masked(slide, np.zeros((3, 4), np.bool_))) == IDENTITY
    assert slide.reads == 0


def test_one_pixel_slide() -> None:
    slide = noise(1, 1)
    constants = normalisation_constants(GridReader(slide, 0.5), TissueMask.everywhere(slide))
    assert constants == from_histogram(histogram(slide.pixels))


def test_other_pixel_sizes_and_overhanging_masks() -> None:
    slide = noise(301, 407)
    reader = GridReader(slide, 0.77)
    grid = GridReader(slide, 8.0)
    bits = np.ones((grid.height_px, grid.width_px), np.bool_)
    tissue = TissueMask(bits, grid.scale, slide.width_px, slide.height_px, "auto")
    constants = normalisation_constants(reader, tissue)
    whole = reader.read(0, 0, reader.width_px, reader.height_px)
    centres = [
        (np.arange(n) + 0.5) * s for n, s in zip(whole.shape[1::-1], reader.scale, strict=True)
    ]
    inside = tissue.covers(centres[0][None, :], centres[1][:, None])
    assert constants == from_histogram(histogram(whole[inside]))


class Huge:
    """A reader that is only asked for its size."""

    width_px = 300 * BLOCK_PX - 7
    height_px = 200 * BLOCK_PX - 7
    scale = (2.0, 2.0)


def huge(mask: np.ndarray) -> TissueMask:
    width, height = Huge.width_px * 2, Huge.height_px * 2
    return TissueMask(mask, (width / mask.shape[1], height / mask.shape[0]), width, height, "auto")


def test_the_sample_is_spread_over_the_tissue() -> None:
    mask = np.zeros((400, 600), np.bool_)
    mask[20:140, 40:160] = True
    mask[300:360, 400:520] = True
    blocks = sample_blocks(Huge(), huge(mask))  # type: ignore[arg-type]
    assert MAX_BLOCKS - 4 <= len(blocks) <= MAX_BLOCKS
    upper = blocks[:, 1] < 100
    assert 40 <= upper.sum() <= 46  # two thirds of the tissue
    big = blocks[upper]
    for side in (big[:, 0] < 50, big[:, 0] >= 50, big[:, 1] < 40, big[:, 1] >= 40):
        assert 15 <= side.sum() <= 28


def test_every_sampled_block_touches_tissue() -> None:
    mask = np.random.default_rng(5).random((90, 70)) < 0.02
    tissue = huge(mask)
    for column, row in sample_blocks(Huge(), tissue):  # type: ignore[arg-type]
        x0, y0 = column * BLOCK_PX * 2.0, row * BLOCK_PX * 2.0
        assert tissue.touches(x0, y0, x0 + BLOCK_PX * 2, y0 + BLOCK_PX * 2)


def test_the_sample_is_deterministic() -> None:
    slide = noise(256 * 12, 256 * 12)
    tissue = TissueMask.everywhere(slide)
    reader = GridReader(slide, 0.5)
    assert np.array_equal(sample_blocks(reader, tissue), sample_blocks(reader, tissue))
    assert len(sample_blocks(reader, tissue)) <= MAX_BLOCKS
