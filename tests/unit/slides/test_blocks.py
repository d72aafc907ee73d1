import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slideloom.arrays import UInt8
from slideloom.errors import ParametersUnusable, SlideUnreadable
from slideloom.slides.blocks import BlockCache
from tests.unit.slides.fakes import ArrayPyramid, picture

BASE = picture(150, 110)


def block(side: int = 10) -> UInt8:
    return np.zeros((side, side, 3), dtype=np.uint8)


@settings(max_examples=60)
@given(st.integers(-60, 200), st.integers(-60, 200), st.integers(0, 200), st.integers(0, 200))
def test_reads_any_rectangle_with_white_around(x: int, y: int, width: int, height: int) -> None:
    padded = np.pad(BASE, ((60, 400), (60, 400), (0, 0)), constant_values=255)
    got = ArrayPyramid([BASE]).read(0, x, y, width, height)
    assert np.array_equal(got, padded[y + 60 : y + 60 + height, x + 60 : x + 60 + width])
    assert got.flags.c_contiguous
    assert got.flags.writeable


def test_what_two_rectangles_share_is_decoded_once() -> None:
    slide = ArrayPyramid([BASE])
    slide.read(0, 0, 0, 100, 100)
    slide.read(0, 20, 20, 100, 80)
    assert len(slide.decoded) == len(set(slide.decoded))


def test_changing_what_was_read_changes_nothing() -> None:
    slide = ArrayPyramid([BASE])
    slide.read(0, 0, 0, 20, 20)[:] = 7
    assert np.array_equal(slide.read(0, 0, 0, 20, 20), BASE[:20, :20])


@pytest.mark.parametrize(("level", "width"), [(1, 5), (-1, 5), (0, -5)])
def test_refuses_what_is_no_rectangle_of_a_level(level: int, width: int) -> None:
    with pytest.raises(ParametersUnusable, match="levels 0 to 0"):
        ArrayPyramid([BASE]).read(level, 0, 0, width, 5)


def test_a_closed_slide_cannot_be_read() -> None:
    with ArrayPyramid([BASE]) as slide:
        slide.read(0, 0, 0, 5, 5)
    slide.close()
    with pytest.raises(ValueError, match="closed"):
        slide.read(0, 0, 0, 5, 5)


def test_the_cache_stays_within_its_bytes_and_drops_the_oldest() -> None:
    cache = BlockCache(max_bytes=900)
    for column in range(5):
        cache.get((0, 0, column, 0), block)
        assert cache.size_bytes <= 900
    cache.get((0, 0, 4, 0), lambda: pytest.fail("the newest block was dropped"))
    newer = block()
    assert cache.get((0, 0, 0, 0), lambda: newer) is newer


def test_a_block_larger_than_the_cache_is_given_but_not_kept() -> None:
    cache = BlockCache(max_bytes=900)
    assert cache.get((0, 0, 0, 0), lambda: block(50)).shape == (50, 50, 3)
    assert cache.size_bytes == 0


def test_dropping_a_slide_frees_its_blocks_only() -> None:
    cache = BlockCache()
    cache.get((1, 0, 0, 0), block)
    cache.get((2, 0, 0, 0), block)
    cache.drop(1)
    assert cache.size_bytes == block().nbytes
    cache.get((2, 0, 0, 0), lambda: pytest.fail("the other slide's block was dropped"))


def test_two_threads_that_want_one_block_decode_it_once() -> None:
    cache = BlockCache()
    entered, go = threading.Event(), threading.Event()
    calls: list[int] = []

    def decode() -> UInt8:
        calls.append(1)
        entered.set()
        go.wait(10)
        return block()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.get, (0, 0, 0, 0), decode)
        entered.wait(10)
        second = pool.submit(cache.get, (0, 0, 0, 0), decode)
        # Another block is decoded meanwhile: no lock is held while one is.
        cache.get((0, 0, 1, 0), block)
        go.set()
        assert first.result() is second.result()
    assert calls == [1]


def test_an_error_reaches_who_asked_and_is_not_remembered() -> None:
    cache = BlockCache()

    def broken() -> UInt8:
        raise SlideUnreadable("here")

    with pytest.raises(SlideUnreadable, match="here"):
        cache.get((0, 0, 0, 0), broken)
    assert cache.get((0, 0, 0, 0), block).shape == (10, 10, 3)
