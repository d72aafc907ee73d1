"""Ranges and tags of HTTP, and cursors: pure."""

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cursors import from_cursor, to_cursor
from gateway.problems import Problem
from gateway.ranges import NoSuchBytes, Piece, names_tag, piece_of
from runs.newest import Mark

_SIZES = st.integers(0, 50)


@given(_SIZES, st.integers(0, 60), st.integers(0, 60))
def test_a_range_is_what_slicing_gives(size: int, first: int, last: int) -> None:
    content = bytes(range(size))
    wanted = content[first : last + 1]
    header = f"bytes={first}-{last}"
    if last < first:
        assert piece_of(header, size) is None
    elif not wanted:
        with pytest.raises(NoSuchBytes):
            piece_of(header, size)
    else:
        piece = piece_of(header, size)
        assert piece
        assert content[piece.start : piece.stop] == wanted


@given(_SIZES, st.integers(0, 60))
def test_open_ends(size: int, number: int) -> None:
    content = bytes(range(size))
    for header, wanted in (
        (f"bytes={number}-", content[number:]),
        (f"bytes=-{number}", content[-number:] if number else b""),
    ):
        if not wanted:
            with pytest.raises(NoSuchBytes):
                piece_of(header, size)
        else:
            piece = piece_of(header, size)
            assert piece
            assert content[piece.start : piece.stop] == wanted


@given(st.text(max_size=40) | st.from_regex(r"bytes=[0-9,-]*", fullmatch=True), _SIZES)
def test_whatever_is_asked_lies_within_the_file(header: str, size: int) -> None:
    try:
        piece = piece_of(header, size)
    except NoSuchBytes:
        return
    assert piece is None or 0 <= piece.start < piece.stop <= size


@pytest.mark.parametrize("header", [None, "", "bytes=-", "bytes=0-1,3-4", "lines=0-1", "bytes=a-"])
def test_what_is_no_range_is_all_of_it(header: str | None) -> None:
    assert piece_of(header, 10) is None


def test_numbers_of_any_length() -> None:
    assert piece_of("bytes=0-99999999999999999999", 10) == Piece(0, 10)
    assert piece_of(f"bytes={'9' * 5000}-", 10) is None


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ('"a"', True),
        ('W/"a"', True),
        ('"b", "a"', True),
        ("*", True),
        ('"b"', False),
        (None, False),
    ],
)
def test_tags(header: str | None, named: bool) -> None:
    assert names_tag(header, '"a"') is named


@given(st.integers(0, 10**17), st.lists(st.uuids(), max_size=5))
def test_a_cursor_is_its_mark(at_us: int, ids: list) -> None:  # type: ignore[type-arg]
    mark = Mark(at_us, tuple(ids))
    assert from_cursor(to_cursor(mark)) == mark


@given(st.text(max_size=80) | st.binary(max_size=80).map(lambda it: base64.b64encode(it).decode()))
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with suppress(Problem):
        assert from_cursor(text) is not None


@pytest.mark.parametrize("text", ["", "!", "AAAA", "é", "A" * 9, "/" * 11, "_" * 11])
def test_these_are_no_cursors(text: str) -> None:
    with pytest.raises(Problem, match="cursor"):
        from_cursor(text)
