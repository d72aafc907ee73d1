"""Slides kept open for the viewer: few, and never closed under somebody who reads."""

from collections.abc import Callable
from pathlib import Path

import pytest

from blocks import Tenant
from gateway.slides import Slide, slide_id_of
from gateway.tiles.pool import SlidePool
from slideloom.errors import SlideUnreadable
from tests.helpers.files import drawn_slide

_NAMES = ("a.png", "b.png", "c.png")
_WIDTH, _HEIGHT = 300, 200


@pytest.fixture
def tenant(tmp_path: Path) -> Tenant:
    """A tenant with three slides."""
    for name in _NAMES:
        drawn_slide(tmp_path / name, _WIDTH, _HEIGHT)
    return _with_id(Tenant(slide_root=str(tmp_path)))


def _with_id(tenant: Tenant) -> Tenant:
    tenant._block_document_name = "alice"
    return tenant


def _slide(name: str, version: str = "1") -> Slide:
    return Slide(slide_id_of(name), name, name, 1, version)


def _is_closed(read: Callable[..., object]) -> bool:
    try:
        read(0, 0, 0, 1, 1)
    except ValueError:
        return True
    return False


@pytest.mark.parametrize(
    "pool", [SlidePool(2, 10**9), SlidePool(10, 2 * 3 * _WIDTH * _HEIGHT)], ids=["number", "bytes"]
)
def test_the_least_recently_used_is_closed_unless_it_is_in_use(
    tenant: Tenant, pool: SlidePool
) -> None:
    with pool.use(tenant, _slide("a.png")) as first:
        with pool.use(tenant, _slide("b.png")) as second:
            pass
        with pool.use(tenant, _slide("c.png")) as third:
            pass
        assert [_is_closed(slide.read) for slide in (first, second, third)] == [False, True, False]
    with pool.use(tenant, _slide("a.png")) as again:
        assert again is first
    pool.close()
    assert _is_closed(first.read)
    assert _is_closed(third.read)


def test_another_version_is_another_slide(tenant: Tenant) -> None:
    pool = SlidePool(5, 10**9)
    with pool.use(tenant, _slide("a.png")) as old, pool.use(tenant, _slide("a.png", "2")) as new:
        assert old is not new
    pool.close()


def test_what_could_not_be_opened_is_tried_again(tenant: Tenant, tmp_path: Path) -> None:
    pool = SlidePool(5, 10**9)
    for _ in range(2):
        with pytest.raises(SlideUnreadable) as refused, pool.use(tenant, _slide("d.png")):
            pass
        assert str(tmp_path) not in str(refused.value)
    drawn_slide(tmp_path / "d.png", 10, 10)
    with pool.use(tenant, _slide("d.png")) as slide:
        assert slide.width_px == 10
    pool.close()
