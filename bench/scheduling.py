"""Admission: time per open job must not grow with their number; nobody may starve."""

from bench.report import Figure, seconds
from slideloom.scheduling.decide import decide
from slideloom.scheduling.simulate import simulate
from slideloom.scheduling.state import Branch, Job, Limits, Workflow
from slideloom.scheduling.tally import Tally
from slideloom.scheduling.workload import Load

_SIZES = (1_000, 10_000, 100_000)
_BOUND_S = 1800.0
_DAY_S = 4 * 3600.0
_GREEDY = [Load(f"greedy{number}", workflows=50, every_s=290.0) for number in range(3)]
_MODEST = [Load(f"modest{number}", first_s=300.0 + 600 * number) for number in range(3)]
_EQUALS = [Load(f"t{number}", workflows=50) for number in range(6)]
_ROUGH = [
    Load(
        f"t{number}",
        workflows=6,
        every_s=600.0,
        chained=0.3,
        long_share=0.1,
        fails=0.1,
        cancels=0.03,
        retries=0.5,
    )
    for number in range(8)
]
"""Eight tenants whose jobs fail, are cancelled, retried, and now and then run ten times longer."""


def run() -> list[Figure]:
    """Cost of a decision, and what the rotation bound changes."""
    costs = {size: _microseconds(size) for size in _SIZES}
    figures = [Figure(f"decide, {size} open jobs, per job", costs[size], "µs") for size in _SIZES]
    figures.append(
        Figure("decide, per job, 100,000 / 1,000", costs[_SIZES[-1]] / costs[_SIZES[0]], "×")
    )
    for bound, named in ((None, "no bound"), (_BOUND_S, "30 min bound")):
        limits = Limits(rotate_after_s=bound)
        figures += _starving(simulate([*_GREEDY, *_MODEST], limits, 1, _DAY_S), named)
        equals = simulate(_EQUALS, limits, 1, _DAY_S)
        figures.append(Figure(f"6 equal tenants, Jain's index, {named}", equals.fairness(), ""))
        figures += _rough(simulate(_ROUGH, limits, 1), named)
    return figures


def _microseconds(jobs: int) -> float:
    """Per open job, the best of three, with limits so wide that many are admitted at once."""
    flows = [
        Workflow(
            f"w{number:06}",
            f"t{number % 97}",
            float(number % 1013),
            tuple(
                Branch(
                    str(index),
                    tuple(Job(f"{number}.{index}.{place}") for place in range(5)),
                    (str(index - 1),) if index % 2 else (),
                )
                for index in range(4)
            ),
        )
        for number in range(jobs // 20)
    ]
    limits = Limits(max_workers=50, max_active_users=20, rotate_after_s=_BOUND_S)
    return 1e6 * min(seconds(lambda: decide(flows, (), limits, 2000.0)) for _ in range(3)) / jobs


def _starving(tally: Tally, named: str) -> list[Figure]:
    modest = [load.tenant for load in _MODEST]
    never = sum(tally.never[tenant] for tenant in modest)
    return [
        Figure(f"3 of 6 keep submitting: others never served, {named}", never, ""),
        Figure(f"  the others' longest wait, {named}", tally.wait_s(1.0, modest) / 60, "min"),
        Figure(f"  utilisation, {named}", tally.utilisation(), ""),
    ]


def _rough(tally: Tally, named: str) -> list[Figure]:
    return [
        Figure(f"8 tenants with faults: median wait, {named}", tally.wait_s(0.5) / 60, "min"),
        Figure(f"  p95 wait, {named}", tally.wait_s(0.95) / 60, "min"),
        Figure(f"  longest wait, {named}", tally.wait_s(1.0) / 60, "min"),
        Figure(f"  Jain's index, {named}", tally.fairness(), ""),
        Figure(f"  utilisation, {named}", tally.utilisation(), ""),
    ]
