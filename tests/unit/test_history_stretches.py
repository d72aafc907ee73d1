"""When jobs ran, and how many at once."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.history.made import made_job
from tests.helpers.history.records import StateAt
from tests.helpers.history.stretches import Span, crowds, merged, most, stretches
from tests.helpers.history.translating import in_effect


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("", []),
        ("Q0", []),
        ("Q0 S1 P2 R3 C5", [(1, 5)]),
        ("Q0 S1 L4 P5 R6 C7", [(1, 7)]),  # late, and the same admission
        ("Q0 S1 Q2", []),  # somebody pressed Resume, and it was put back
        ("Q0 S1 Q2 S3 P4 R5 F6", [(3, 6)]),
        ("Q0 S1 Z2", []),
        ("Q0 S1", []),
        ("Q0 S1 P2 R3", [(1, math.inf)]),
        ("Q0 S1 P2 Q3 S4 P5 R6 K7 Q8 S9 P9 R9 C10", [(1, 3), (4, 7), (9, 10)]),
        ("Q0 S1 P2 R3 X4 Z9", [(1, 9)]),
        ("Q0 S1 P2 R3 U4", [(1, 4)]),
        ("Q0 S1 P2 S3 P4 R5 C6", [(1, 3), (3, 6)]),  # scheduled again: another start
        ("Q0 R2 C3", [(2, 3)]),
        ("C1 C2", []),
    ],
)
def test_when_a_job_ran(said: str, expected: list[tuple[float, float]]) -> None:
    assert [(part.start_s, part.end_s) for part in stretches(made_job("j", said))] == expected


@pytest.mark.parametrize(
    ("said", "label", "expected"),
    [
        ("Q0 S1", "Q0", [(1, math.inf)]),
        ("Q0 S1 L16", "Q0", [(1, math.inf)]),
        ("Q0 S1 Z2", "Q0", [(1, 2)]),
        ("Q0 S1 P1 R1 F2 Q3 S4", "Q3", [(1, 2), (4, math.inf)]),
        ("Q0 S1 P1 R1 F2 Q3 S4", "Q0", [(1, 2)]),  # Resume on what waits for its retry
        ("Q0 S1 P1 R1 F2 S4", "Q0", [(1, 2)]),  # Retry in the UI
    ],
)
def test_an_admission_counts_before_it_is_claimed(
    said: str, label: str, expected: list[tuple[float, float]]
) -> None:
    found = stretches(made_job("j", said, admitted=f"j/{label}"))
    assert [(part.start_s, part.end_s) for part in found] == expected


def test_a_stretch_knows_where_it_came_from() -> None:
    first, second = stretches(made_job("j", "Q0 S1 P2 R3 F4 S5 P6"))
    assert (first.queued, first.claim) == (StateAt("PAUSED", "Queued", 0, "j/Q0"), first.claim)
    assert first.claim == StateAt("PENDING", "Pending", 2, "j/P2")
    assert second.queued is None
    assert second.before == StateAt("FAILED", "Failed", 4, "j/F4")


SPANS = st.lists(
    st.builds(
        lambda start, long, who: Span(start, start + long, who, (f"{who}{start}",)),
        st.integers(0, 12).map(float),
        st.one_of(st.integers(0, 6).map(float), st.just(math.inf)),
        st.sampled_from("abc"),
    ),
    max_size=12,
)


def there(spans: list[Span], when_s: float) -> int:
    return sum(span.start_s <= when_s < span.end_s for span in spans)


@given(SPANS, st.integers(0, 5))
def test_crowds_are_all_moments_with_too_many(spans: list[Span], limit: int) -> None:
    counted = {moment / 2: there(spans, moment / 2) for moment in range(40)}
    found = crowds(spans, limit)
    starts = {span.start_s for span in spans if span.end_s > span.start_s}
    assert {at_s for at_s, _ in found} == {at_s for at_s in starts if counted[at_s] > limit}
    for at_s, group in found:
        assert limit < len(group) <= counted[at_s]
        assert all(span.start_s <= at_s < span.end_s for span in group)
    assert most(spans) == max(counted.values())
    assert bool(found) == (max(counted.values()) > limit)


@given(SPANS)
def test_merging_keeps_who_is_there(spans: list[Span]) -> None:
    ones = merged(spans)
    for moment in range(40):
        for who in "abc":
            own = [span for span in spans if span.who == who]
            assert there([span for span in ones if span.who == who], moment / 2) == bool(
                there(own, moment / 2)
            )
    assert sorted(run for one in ones for run in one.runs) == sorted(
        run for span in spans for run in span.runs
    )


def test_the_current_state_took_effect_last() -> None:
    said = made_job("j", "Q0 S1 F5 Q6").states
    assert in_effect(said, "j/Q6") == (said, False)
    assert in_effect(said, "elsewhere") == (said, False)
    ordered, inverted = in_effect(said, "j/F5")
    assert inverted
    assert [(state.name, state.at_s) for state in ordered] == [
        ("Queued", 0),
        ("Resuming", 1),
        ("Queued", 6),
        ("Failed", 6),
    ]
