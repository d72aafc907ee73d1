"""The arithmetic of quotas, and what a killed process leaves in a store."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.problems import Problem
from gateway.slides.ids import new_id
from gateway.uploads.quota import Quota, Used, check_kept, orphans, room_for, used_by
from slideloom.stores import Entry

_sizes = st.integers(1, 1000)
_quotas = st.builds(Quota, _sizes, _sizes, st.integers(1, 5), st.integers(1, 5))
_DAY_S = 86_400.0


@given(_quotas, st.lists(st.tuples(_sizes | st.none(), st.booleans()), max_size=30))
def test_whatever_is_sent_in_whatever_order_no_bound_is_passed(
    quota: Quota, uploads: list[tuple[int | None, bool]]
) -> None:
    kept: list[int] = []
    staged: list[int] = []
    for declared, finishes in uploads:
        used = Used(sum(kept), len(kept), tuple(staged))
        with contextlib.suppress(Problem):
            room = room_for(quota, used, declared)
            assert 1 <= room <= quota.upload_bytes
            assert declared in (None, room)
            staged.append(room)
            if finishes:
                size = staged.pop()
                check_kept(quota, used, size)
                kept.append(size)
        assert sum(kept) + sum(staged) <= quota.bytes
        assert len(kept) + len(staged) <= quota.slides
        assert len(staged) <= quota.open_uploads


@given(_quotas, st.integers(0, 2000))
def test_an_upload_that_fits_is_let_in(quota: Quota, declared: int) -> None:
    if 0 < declared <= min(quota.upload_bytes, quota.bytes):
        assert room_for(quota, Used(0, 0), declared) == declared
    elif declared:
        with pytest.raises(Problem) as refused:
            room_for(quota, Used(0, 0), declared)
        assert refused.value.status == 413


def test_only_what_has_no_card_for_a_day_is_an_orphan() -> None:
    now_s = 2e9
    old, fresh, whole = new_id(now_s - 2 * _DAY_S), new_id(now_s - 60), new_id(now_s - 2 * _DAY_S)
    names = [f"uploads/{upload}/slide.tif" for upload in (old, fresh, whole)]
    names += [f"uploads/{whole}/slide.json", "uploads/notes/a.txt", "uploads/b.txt"]
    entries = [Entry(name, 7, "1") for name in names]
    assert orphans(entries, now_s) == {old}
    assert used_by(entries, [3]) == Used(42, 1, (3,))
