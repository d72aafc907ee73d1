"""Cutting a slide's tile tasks into shards: runs on a worker, worth tens of seconds each.

A shard costs about a second before its first tile, so it should be long; but the last shards of a
slide should end at the same time. So they are sized by the speed that was measured, and become
smaller towards the end. Pure.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from slideloom.errors import EngineFailed
from slideloom.parameters import digest_of
from slideloom.segmentation.plan import Plan

TARGET_S = 60.0
"""What a shard should take."""
FIRST_TASKS = 2
"""Tile tasks in a shard as long as no speed is known."""
MOST_DEATHS = 3
"""Workers that may die on a tile task before it is given up."""
_MEMORY = 0.5
"""Weight of the last shard's speed against all earlier ones'."""


@dataclass(slots=True)
class Pace:
    """How long a tile takes on a worker, as far as shards have shown.

    Attributes:
        tile_s: Seconds per tile; None: nothing is known yet.
    """

    tile_s: float | None = None

    def learn(self, tiles: int, seconds: float) -> None:
        """Take a finished shard into account."""
        if tiles < 1 or seconds <= 0:
            return
        new = seconds / tiles
        old = self.tile_s
        self.tile_s = new if old is None else _MEMORY * new + (1 - _MEMORY) * old


def shard_key(plan: str, tasks: Sequence[int]) -> str:
    """Digest that tells a shard from all others: of the plan's key and the shard's tile tasks."""
    return digest_of([plan, list(tasks)])


@dataclass(slots=True)
class ShardQueue:
    """Tile tasks of a slide that wait to be part of a shard.

    Attributes:
        plan: The slide's plan.
        lanes: Shards that may run side by side.
        pace: What is known of the workers' speed.
        waiting: Tile tasks in no shard, in order.
        deaths: How many shards with this tile task ended without it.
    """

    plan: Plan
    lanes: int
    pace: Pace
    waiting: list[int]
    deaths: Counter[int] = field(default_factory=Counter)

    def next(self) -> tuple[int, ...]:
        """The tile tasks of the next shard; empty: none wait.

        Tasks on which a worker died go in ever smaller company, in the end alone: so the one that
        kills is found, and the others are done.
        """
        if not self.waiting:
            return ()
        worst = max(self.deaths[task] for task in self.waiting)
        if worst:
            suspects = [task for task in self.waiting if self.deaths[task] == worst]
            last = worst + 1 >= MOST_DEATHS
            return self._take(suspects[: 1 if last else -(-len(suspects) // 2)])
        return self._take(self.waiting[: self._size()])

    def _take(self, tasks: Sequence[int]) -> tuple[int, ...]:
        taken = set(tasks)
        self.waiting = [task for task in self.waiting if task not in taken]
        return tuple(tasks)

    def _size(self) -> int:
        """Tile tasks in the next shard: `TARGET_S` of work, at most a fair share of the rest."""
        if self.pace.tile_s is None:
            return FIRST_TASKS
        tiles = sum(len(self.plan.tasks[task]) for task in self.waiting)
        task_s = self.pace.tile_s * tiles / len(self.waiting)
        fair = -(-len(self.waiting) // self.lanes)
        return max(1, min(fair, round(TARGET_S / task_s)))

    def give_back(self, tasks: Iterable[int]) -> None:
        """Take back what a shard has not finished: its worker died, or its result is not whole.

        Raises:
            EngineFailed: Too many workers have died on one of them; the message names its tiles.
        """
        for task in tasks:
            self.deaths[task] += 1
            if self.deaths[task] >= MOST_DEATHS:
                raise EngineFailed(
                    f"{self.plan.slide.name}: {MOST_DEATHS} workers died or gave up on the tiles "
                    f"{self._where(task)}: look at the workers' logs, and at the slide there"
                )
            self.waiting.append(task)
        self.waiting.sort()

    def _where(self, task: int) -> str:
        return ", ".join(f"({tile.row}, {tile.column})" for tile in self.plan.tiles(task))
