import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from slideloom.arrays import UInt8
from slideloom.slides.resample import resample, taps
from tests.unit.slides.fakes import picture

RATIOS = st.one_of(
    st.sampled_from([0.5, 0.7, 1.0, 1.002, 1.5, 2.0, 3.9, 60.0]), st.floats(0.05, 80.0)
)


def stretch(source: UInt8, ratio: float, width: int, height: int) -> UInt8:
    """The first pixels of `source` resampled, its edge repeated outwards."""
    rows, columns = taps(ratio, 0, height), taps(ratio, 0, width)
    ys = np.clip(np.arange(rows.start, rows.stop), 0, source.shape[0] - 1)
    xs = np.clip(np.arange(columns.start, columns.stop), 0, source.shape[1] - 1)
    return resample(np.ascontiguousarray(source[ys][:, xs]), rows, columns)


@given(RATIOS, st.integers(0, 10**6), st.integers(1, 40))
def test_weights_sum_to_one_and_are_never_negative(ratio: float, start: int, count: int) -> None:
    found = taps(ratio, start, count)
    assert (found.weights.sum(axis=1) == 1 << 16).all()
    assert (found.weights >= 0).all()


@given(RATIOS, st.integers(0, 10**6), st.integers(1, 40), st.integers(0, 39))
def test_taps_depend_on_the_global_index_alone(
    ratio: float, start: int, count: int, skip: int
) -> None:
    whole, alone = taps(ratio, start, count + skip), taps(ratio, start + skip, count)
    assert np.array_equal(whole.first[skip:], alone.first)
    assert np.array_equal(whole.weights[skip:], alone.weights)


@given(RATIOS, st.integers(0, 1000))
def test_all_weight_lies_within_the_filter(ratio: float, index: int) -> None:
    found = taps(ratio, index, 1)
    used = found.first[0] + np.flatnonzero(found.weights[0])
    centre, support = (index + 0.5) * ratio, max(ratio, 1.0)
    assert (np.abs(used + 0.5 - centre) < support).all()


def test_ratio_one_is_the_identity() -> None:
    source = picture(50, 40)
    assert np.array_equal(stretch(source, 1.0, 50, 40), source)


@pytest.mark.parametrize("ratio", [0.3, 1.37, 2.0, 17.0])
@pytest.mark.parametrize("grey", [0, 1, 127, 254, 255])
def test_a_flat_picture_stays_flat(ratio: float, grey: int) -> None:
    source = np.full((90, 90, 3), grey, dtype=np.uint8)
    assert (stretch(source, ratio, 5, 5) == grey).all()


@pytest.mark.parametrize("ratio", [0.5, 0.8, 1.25, 2.0, 4.0, 10.0])
def test_equals_pillows_antialiased_bilinear_resize(ratio: float) -> None:
    """Pillow's in floating point: ours rounds twice, by half a grey level each."""
    source = picture(400, 320)
    width, height = round(400 / ratio), round(320 / ratio)
    ours = stretch(source, ratio, width, height).astype(float)
    channels = [Image.fromarray(source[..., c].astype(np.float32)) for c in range(3)]
    resized = [image.resize((width, height), Image.Resampling.BILINEAR) for image in channels]
    theirs = np.dstack([np.asarray(image) for image in resized])
    # Pillow cuts the filter at the picture's edge, where we repeat the edge pixel.
    margin = int(np.ceil(max(1.0, 1 / ratio)))
    inner = slice(margin, -margin)
    assert np.abs(ours - theirs)[inner, inner].max() <= 1.01


@settings(max_examples=30)
@given(RATIOS, st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_equals_the_sum_written_out(ratio: float, width: int, height: int, seed: int) -> None:
    rows, columns = taps(ratio, 3, height), taps(ratio, 5, width)
    shape = (rows.stop - rows.start, columns.stop - columns.start, 3)
    source = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    between = np.empty((height, shape[1], 3), dtype=np.int64)
    for row in range(height):
        low = int(rows.first[row]) - rows.start
        part = source[low : low + rows.weights.shape[1]].astype(np.int64)
        between[row] = (np.tensordot(rows.weights[row], part, 1) + (1 << 15)) >> 16
    expected = np.empty((height, width, 3), dtype=np.int64)
    for column in range(width):
        low = int(columns.first[column]) - columns.start
        part = between[:, low : low + columns.weights.shape[1]]
        expected[:, column] = (np.einsum("t,htc->hc", columns.weights[column], part) + 32768) >> 16
    assert np.array_equal(resample(source, rows, columns), expected)
