"""Cutting a slide's tile tasks into shards: runs on a worker, worth tens of seconds each.

A shard costs about a second before its first tile, so it should be long; but the last shards of a
slide should end at the same time. So they are sized by the speed that was measured, and become
smaller towards the end. Pure.
"""

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field

from slideloom.errors import EngineFailed
from slideloom.parameters import digest_of
from slideloom.segmentation.plan import Plan

TARGET_S = 60.0
"""What a shard should take."""
FIRST_TASKS = 2
"""Tile tasks in a shard as long as no speed is known."""
MOST_DEATHS = 3
"""Workers that may die on a tile task before one of its tiles is given up."""
MORE_DEATHS = 2
"""The same for each further tile of that tile task."""
MOST_KILLERS = 8
"""Tiles of a slide that may be left out since workers died on them: where it is more, they die of
something else."""
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
        gaps: Whether tiles are left out on which workers die; False: the job fails.
        skip: Indices of the tiles that are left out.
    """

    plan: Plan
    lanes: int
    pace: Pace
    waiting: list[int]
    deaths: Counter[int] = field(default_factory=Counter)
    gaps: bool = False
    skip: set[int] = field(default_factory=set)

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
            last = self.is_last(suspects)
            return self._take(suspects[: 1 if last else -(-len(suspects) // 2)])
        return self._take(self.waiting[: self._size()])

    def is_last(self, tasks: Iterable[int]) -> bool:
        """Whether a worker that dies on these tile tasks has to tell on which tile it did."""
        return any(self.deaths[task] + 1 >= self._most_deaths(task) for task in tasks)

    def _most_deaths(self, task: int) -> int:
        return MOST_DEATHS + MORE_DEATHS * len(self.skip.intersection(self.plan.tasks[task]))

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

    def give_back(self, tasks: Iterable[int], tried: Container[int] = ()) -> None:
        """Take back what a shard has not finished: its worker died, or its result is not whole.

        Args:
            tasks: Its tile tasks.
            tried: Indices of the tiles that were being tried when the worker died.

        Raises:
            EngineFailed: Too many workers have died on one of them; the message names the tile.
        """
        for task in tasks:
            self.deaths[task] += 1
            if self.deaths[task] >= self._most_deaths(task):
                self._leave_out(task, tried)
            self.waiting.append(task)
        self.waiting.sort()

    def _leave_out(self, task: int, tried: Container[int]) -> None:
        killers = [index for index in self.plan.tasks[task] if index in tried]
        if not killers:
            raise self._failed(task, self.plan.tasks[task], "")
        if not self.gaps:
            hint = "; with --on-bad-tile gap (on_bad_tile: gap) the job does without it"
            raise self._failed(task, killers, hint)
        if len(self.skip) >= MOST_KILLERS:
            hint = f"; {MOST_KILLERS} tiles have been left out for that, no more are"
            raise self._failed(task, killers, hint)
        self.skip.add(killers[0])

    def _failed(self, task: int, tiles: Iterable[int], hint: str) -> EngineFailed:
        columns = self.plan.grid.columns
        where = ", ".join(str(divmod(index, columns)) for index in tiles)
        return EngineFailed(
            f"{self.plan.slide.name}: {self.deaths[task]} workers died or gave up on the tiles "
            f"(row, column) {where}: look at the workers' logs, and at the slide there{hint}"
        )
