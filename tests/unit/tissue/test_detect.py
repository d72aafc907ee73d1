import numpy as np
import pytest
from pydantic import ValidationError

from slideloom.arrays import Bool, UInt8
from slideloom.tissue import TissueParameters, detect_tissue, find_tissue, mask_pixel_um, morphology
from tests.unit.tissue import drawn

SIZE = (450, 520)
MARGIN_PX = 12
"""Closing, dilation and smoothing reach no further, at 8 µm per pixel."""

GLASSES = {
    "white": (255, 255, 255),
    "nearly white": (249, 249, 250),
    "pale grey": (238, 238, 238),
    "grey": (205, 206, 204),
    "dark grey": (165, 165, 165),
    "yellowish": (250, 246, 224),
    "greenish": (226, 240, 230),
    "bluish": (222, 230, 240),
}
STAINS = {
    "eosin": drawn.EOSIN,
    "haematoxylin": drawn.HAEMATOXYLIN,
    "DAB": drawn.DAB,
    "counterstain": drawn.COUNTERSTAIN,
}


CENTRES = [(130, 120), (380, 120), (130, 340), (380, 340)]


def found(pixels: UInt8) -> Bool:
    return detect_tissue(drawn.MemorySlide(pixels)).mask


def check(mask: Bool, tissue: Bool, margin_px: int = MARGIN_PX) -> None:
    """Everything that is tissue is found, and nothing far from it."""
    assert mask[tissue].mean() > 0.999
    far = ~morphology.dilate(tissue, margin_px)
    assert mask[far].mean() < 0.002


@pytest.mark.parametrize("glass", GLASSES.values(), ids=GLASSES.keys())
def test_finds_every_stain_on_every_glass(glass: tuple[int, int, int]) -> None:
    pixels = drawn.glass(*SIZE, glass)
    tissue = np.zeros(SIZE, np.bool_)
    for colour, (x, y) in zip(STAINS.values(), CENTRES, strict=True):
        piece = drawn.disc(SIZE, x, y, 70)
        # Stain absorbs the same share of whatever light comes through the glass.
        red, green, blue = (c * g // 250 for c, g in zip(colour, glass, strict=True))
        drawn.stain(pixels, piece, (red, green, blue))
        tissue |= piece
    check(found(pixels), tissue)


def test_finds_pale_eosin() -> None:
    pixels = drawn.glass(*SIZE, (244, 244, 244))
    tissue = drawn.disc(SIZE, 200, 220, 120)
    drawn.stain(pixels, tissue, drawn.PALE_EOSIN, nuclei=False)
    check(found(pixels), tissue)


def test_fills_fat() -> None:
    pixels = drawn.glass(*SIZE, (244, 244, 244))
    tissue = drawn.disc(SIZE, 200, 220, 120)
    rows, columns = np.indices(SIZE)
    membranes = tissue & ((rows % 12 == 0) | (columns % 12 == 0))
    drawn.stain(pixels, membranes, (225, 205, 218), nuclei=False)
    mask = found(pixels)
    # The cells on the very edge are cut open: their insides are glass.
    assert mask[drawn.disc(SIZE, 200, 220, 108)].all()
    check(mask, mask & tissue)


@pytest.mark.parametrize("glass", GLASSES.values(), ids=GLASSES.keys())
def test_empty_glass_is_empty(glass: tuple[int, int, int]) -> None:
    assert not found(drawn.glass(*SIZE, glass)).any()


def test_noisy_glass_is_empty() -> None:
    assert not found(drawn.glass(*SIZE, (236, 238, 235), noise=3.0)).any()


def test_shaded_glass_is_empty() -> None:
    shade = np.linspace(1.0, 0.88, SIZE[1])[None, :, None]
    pixels = drawn.glass(*SIZE, (244, 242, 238)) * shade
    assert not found(np.rint(pixels).astype(np.uint8)).any()


def test_white_fill_beside_tinted_glass_is_empty() -> None:
    pixels = drawn.glass(*SIZE, (238, 234, 214))
    pixels[:, 400:] = 255
    assert not found(pixels).any()


@pytest.mark.parametrize("level", [0, 12, 22])
def test_black_fill_is_no_tissue(level: int) -> None:
    pixels = drawn.glass(*SIZE, (240, 240, 240))
    pixels[:, 400:] = level
    tissue = drawn.disc(SIZE, 200, 220, 120)
    drawn.stain(pixels, tissue, drawn.EOSIN)
    check(found(pixels), tissue)


def test_tissue_on_black() -> None:
    pixels = drawn.glass(*SIZE, (6, 6, 6))
    tissue = drawn.disc(SIZE, 200, 220, 120)
    drawn.stain(pixels, tissue, drawn.EOSIN)
    check(found(pixels), tissue)


@pytest.mark.parametrize("level", [0, 255])
def test_blank_fill_is_empty(level: int) -> None:
    assert not found(np.full((*SIZE, 3), level, np.uint8)).any()


@pytest.mark.parametrize(
    "ink",
    [(30, 60, 160), (20, 20, 24), (40, 140, 80), (205, 30, 50), (60, 120, 190)],
    ids=["blue", "black", "green", "red", "light blue"],
)
def test_pen_on_glass_is_no_tissue(ink: tuple[int, int, int]) -> None:
    pixels = drawn.glass(*SIZE, (240, 240, 240))
    tissue = drawn.disc(SIZE, 150, 250, 120)
    drawn.stain(pixels, tissue, drawn.EOSIN)
    drawn.pen(pixels, ink, [(320, 60), (460, 100), (420, 400)])
    check(found(pixels), tissue)


def test_pen_around_tissue_leaves_it() -> None:
    pixels = drawn.glass(*SIZE, (240, 240, 240))
    tissue = drawn.disc(SIZE, 260, 225, 100)
    drawn.stain(pixels, tissue, drawn.HAEMATOXYLIN)
    drawn.pen(pixels, (20, 20, 24), [(110, 75), (410, 75), (410, 375), (110, 375), (110, 75)])
    check(found(pixels), tissue)


def test_ink_inside_tissue_is_kept() -> None:
    pixels = drawn.glass(*SIZE, (240, 240, 240))
    tissue = drawn.disc(SIZE, 260, 225, 180)
    drawn.stain(pixels, tissue, drawn.EOSIN)
    stroke = drawn.pen(pixels, (40, 140, 80), [(180, 225), (340, 225)])
    assert found(pixels)[stroke].all()


def test_dust_is_dropped() -> None:
    pixels = drawn.glass(*SIZE, (240, 240, 240))
    for x in range(40, 500, 90):
        pixels[300:303, x : x + 3] = 60
    assert not found(pixels).any()


@pytest.mark.parametrize(
    "colour",
    [*STAINS.values(), drawn.PALE_EOSIN, (190, 170, 215)],
    ids=[*STAINS.keys(), "pale eosin", "lilac"],
)
def test_a_slide_without_glass_is_all_tissue(colour: tuple[int, int, int]) -> None:
    pixels = drawn.glass(*SIZE, (240, 240, 240))
    drawn.stain(pixels, np.ones(SIZE, np.bool_), colour)
    assert found(pixels).mean() > 0.99


def test_a_small_field_of_nuclei_is_all_tissue() -> None:
    pixels = drawn.glass(256, 256, (222, 216, 224), noise=2.0)
    nuclei = np.zeros((256, 256), np.bool_)
    for x in range(20, 256, 60):
        for y in range(20, 256, 60):
            nuclei |= drawn.disc((256, 256), x, y, 12)
    drawn.stain(pixels, nuclei, drawn.HAEMATOXYLIN, nuclei=False)
    mask = detect_tissue(drawn.MemorySlide(pixels, mpp=0.3))
    assert mask.fraction > 0.99


@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (2, 3)])
def test_tiny_slides(level: int, shape: tuple[int, int]) -> None:
    mask = detect_tissue(drawn.MemorySlide(np.full((*shape, 3), level, np.uint8), mpp=0.5))
    assert mask.mask.shape == shape
    assert mask.mask.all() == mask.mask.any()


def test_one_pink_pixel_is_tissue() -> None:
    pixels = np.full((1, 1, 3), drawn.EOSIN, np.uint8)
    assert detect_tissue(drawn.MemorySlide(pixels, mpp=0.5)).mask.all()


def test_same_picture_same_mask() -> None:
    pixels = drawn.glass(*SIZE, (240, 240, 240))
    drawn.stain(pixels, drawn.disc(SIZE, 200, 220, 120), drawn.EOSIN)
    first, second = (detect_tissue(drawn.MemorySlide(pixels)) for _ in range(2))
    assert first.digest() == second.digest()
    assert first.source == "auto"


def test_pixel_size_is_bounded() -> None:
    def size(side: int, mpp: float) -> float:
        return mask_pixel_um(drawn.MemorySlide(np.zeros((1, side, 3), np.uint8), mpp))

    assert size(40_000, 0.5) == 8.0
    assert size(100, 0.5) == 0.5
    assert size(2048, 0.5) == 2.0
    assert size(4096 * 32, 0.5) == 16.0


def test_parameters_are_strict() -> None:
    with pytest.raises(ValidationError):
        TissueParameters(dilate_um=-1)
    with pytest.raises(ValidationError):
        TissueParameters.model_validate({"dilation": 3})


def test_parameters_are_used() -> None:
    pixels = drawn.glass(*SIZE, (240, 240, 240))
    drawn.stain(pixels, drawn.disc(SIZE, 200, 220, 120), drawn.EOSIN)
    narrow = find_tissue(pixels, 8.0, TissueParameters(dilate_um=0))
    wide = find_tissue(pixels, 8.0, TissueParameters(dilate_um=80))
    assert wide[narrow].all()
    assert wide.sum() > narrow.sum()
