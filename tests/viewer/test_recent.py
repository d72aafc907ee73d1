"""What is kept stays within its bytes, and what was used last stays longest."""

from hypothesis import given
from hypothesis import strategies as st

from slideloom.viewer.recent import Recent


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 60)), max_size=50))
def test_it_holds_the_latest_that_fit(puts: list[tuple[int, int]]) -> None:
    recent, order = Recent[int, int](100), list[int]()
    sizes = dict[int, int]()
    for key, size in puts:
        recent.put(key, size, size)
        order = [each for each in order if each != key] + [key]
        sizes[key] = size
        while sum(sizes[each] for each in order) > 100:
            del sizes[order.pop(0)]
        assert recent.nbytes == sum(sizes.values()) <= 100
        assert len(recent) == len(order)
    assert {key: recent.get(key) for key in sizes} == sizes


def test_what_is_used_stays_and_the_newest_always() -> None:
    recent = Recent[str, int](10)
    recent.put("a", 1, 5)
    recent.put("b", 2, 5)
    assert recent.get("a") == 1
    recent.put("c", 3, 5)
    assert (recent.get("a"), recent.get("b")) == (1, None)
    recent.put("huge", 4, 50)
    assert (recent.get("huge"), len(recent)) == (4, 1)
