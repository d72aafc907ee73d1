"""When a job was running.

It runs from the Scheduled state that led to a claim (Pending, Running or Cancelling), or from the
claim where there was none, until it is paused, scheduled again, or ends. Scheduled states that
follow each other ("Resuming", "Late") are one: it runs from the first.

A Scheduled state that never led to a claim did not run: somebody pressed Resume and it was put
back. But one right after the Queued state that the job's label names as admitted took a worker's
place from then on, claimed or not.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import groupby

from .records import CLAIMED, ENDED, QUEUED, TOLERANCE_S, JobHistory, StateAt


class Phase(Enum):
    """What a run of states amounts to."""

    HELD = auto()
    SCHEDULED = auto()
    CLAIMED = auto()
    ENDED = auto()


def phase_of(state: StateAt) -> Phase:
    """The phase that a state belongs to."""
    if state.type in CLAIMED:
        return Phase.CLAIMED
    if state.type in ENDED:
        return Phase.ENDED
    return Phase.SCHEDULED if state.type == "SCHEDULED" else Phase.HELD


@dataclass(frozen=True, slots=True)
class Leg:
    """States of one phase, one after the other, until the next leg or for ever."""

    phase: Phase
    states: tuple[StateAt, ...]
    end_s: float

    @property
    def start_s(self) -> float:
        """When its first state was taken."""
        return self.states[0].at_s


def legs(states: Sequence[StateAt]) -> list[Leg]:
    """A history cut into phases."""
    parts = [(phase, tuple(same)) for phase, same in groupby(states, phase_of)]
    ends = [same[0].at_s for _, same in parts[1:]] + [math.inf]
    return [Leg(phase, same, end_s) for (phase, same), end_s in zip(parts, ends, strict=False)]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time during which a job was running, half-open; endless while it is.

    Attributes:
        job: The job.
        start_s: Its admission.
        end_s: When it stopped to run.
        claim: Its first claimed state; None: admitted and never claimed.
        queued: The Queued state out of which it was admitted; None: it came from elsewhere.
        before: The last state before it began.
    """

    job: JobHistory
    start_s: float
    end_s: float
    claim: StateAt | None
    queued: StateAt | None
    before: StateAt | None


def stretches(job: JobHistory) -> list[Stretch]:
    """All times at which a job ran, oldest first."""
    parts = legs(job.states)
    found = []
    for place, leg in enumerate(parts):
        if leg.phase is Phase.CLAIMED:
            scheduled = place > 0 and parts[place - 1].phase is Phase.SCHEDULED
            found.append(_stretch(job, parts, place - scheduled, place))
        elif leg.phase is Phase.SCHEDULED and not _is_claimed_next(parts, place):
            stretch = _stretch(job, parts, place, place)
            if stretch.queued and stretch.queued.id and stretch.queued.id == job.admitted:
                found.append(stretch)
    return found


def all_stretches(jobs: Iterable[JobHistory]) -> list[Stretch]:
    """Stretches of many jobs by their start."""
    return sorted((part for job in jobs for part in stretches(job)), key=lambda part: part.start_s)


def _is_claimed_next(parts: Sequence[Leg], place: int) -> bool:
    return place + 1 < len(parts) and parts[place + 1].phase is Phase.CLAIMED


def _stretch(job: JobHistory, parts: Sequence[Leg], first: int, last: int) -> Stretch:
    """The stretch of the legs from `first` to `last`."""
    leg = parts[last]
    before = parts[first - 1].states[-1] if first else None
    scheduled = parts[first].phase is Phase.SCHEDULED
    queued = before if scheduled and before and before.name == QUEUED else None
    claim = leg.states[0] if leg.phase is Phase.CLAIMED else None
    return Stretch(job, parts[first].start_s, leg.end_s, claim, queued, before)


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open time that belongs to somebody, with the runs that fill it."""

    start_s: float
    end_s: float
    who: str
    runs: tuple[str, ...] = ()


def crowds(
    spans: Iterable[Span], limit: int, tolerance_s: float = TOLERANCE_S
) -> list[tuple[float, list[Span]]]:
    """Every moment at which one more began than the limit allows, with all that there were then.

    Args:
        spans: Half-open times.
        limit: How many there may be at once.
        tolerance_s: How much earlier than its end each is taken to have ended.
    """
    found = []
    open_spans: list[Span] = []
    for span in sorted(_shortened(spans, tolerance_s), key=lambda span: span.start_s):
        open_spans = [other for other in open_spans if other.end_s > span.start_s]
        open_spans.append(span)
        if len(open_spans) > limit:
            found.append((span.start_s, list(open_spans)))
    return found


def most(spans: Iterable[Span]) -> int:
    """How many there were at once, at most."""
    return max((len(there) for _, there in crowds(spans, 0)), default=0)


def _shortened(spans: Iterable[Span], by_s: float) -> list[Span]:
    short = [Span(span.start_s, span.end_s - by_s, span.who, span.runs) for span in spans]
    return [span for span in short if span.end_s > span.start_s]


def merged(spans: Iterable[Span]) -> list[Span]:
    """Overlapping and touching spans of each owner made one, by their start."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.who, span.start_s)):
        last = found[-1] if found else None
        if last and last.who == span.who and span.start_s <= last.end_s:
            end_s = max(last.end_s, span.end_s)
            found[-1] = Span(last.start_s, end_s, last.who, last.runs + span.runs)
        else:
            found.append(span)
    return sorted(found, key=lambda span: span.start_s)
