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
MOST_STOPS = 20
"""Shards with a tile task that may be stopped without its fault: a drained worker, a cancel."""
MOST_IN_A_ROW = 30
"""Shards that may die one after the other: more say that it is not a tile's fault."""
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
        stops: How many shards with this tile task were stopped without its fault.
        failure: Why a tile task was given up; all others are done before it is raised.
        in_a_row: Shards that have died since the last one that ended well.
    """

    plan: Plan
    lanes: int
    pace: Pace
    waiting: list[int]
    deaths: Counter[int] = field(default_factory=Counter)
    gaps: bool = False
    skip: set[int] = field(default_factory=set)
    stops: Counter[int] = field(default_factory=Counter)
    failure: EngineFailed | None = None
    in_a_row: int = 0

    def next(self) -> tuple[int, ...]:
        """The tile tasks of the next shard; empty: none wait.

        Those on which no worker has died come first. The others go in ever smaller company, in the
        end alone: so the one that kills is found when all others are done.
        """
        if not self.waiting or (self.failure and self.in_a_row >= MOST_IN_A_ROW):
            return ()
        if untried := [task for task in self.waiting if not self.deaths[task]]:
            return self._take(untried[: self._size(untried)])
        least = min(self.deaths[task] for task in self.waiting)
        suspects = [task for task in self.waiting if self.deaths[task] == least]
        last = self.is_last(suspects)
        return self._take(suspects[: 1 if last else -(-len(suspects) // 2)])

    def tries(self, tasks: Iterable[int]) -> int:
        """How often these tile tasks have been in shards that ended without them."""
        return sum(self.deaths[task] + self.stops[task] for task in tasks)

    def succeeded(self) -> None:
        """Take note of a shard that ended well."""
        self.in_a_row = 0

    def check(self) -> None:
        """To be called when nothing waits any more.

        Raises:
            EngineFailed: Too many workers have died on a tile task; the message names the tile.
        """
        if self.failure:
            raise self.failure

    def is_last(self, tasks: Iterable[int]) -> bool:
        """Whether a worker that dies on these tile tasks has to tell on which tile it did."""
        return any(self.deaths[task] + 1 >= self._most_deaths(task) for task in tasks)

    def _most_deaths(self, task: int) -> int:
        return MOST_DEATHS + MORE_DEATHS * len(self.skip.intersection(self.plan.tasks[task]))

    def _take(self, tasks: Sequence[int]) -> tuple[int, ...]:
        taken = set(tasks)
        self.waiting = [task for task in self.waiting if task not in taken]
        return tuple(tasks)

    def _size(self, tasks: Sequence[int]) -> int:
        """How many of these go into one shard: `TARGET_S` of work, at most a fair share of all."""
        if self.pace.tile_s is None:
            return FIRST_TASKS
        tiles = sum(len(self.plan.tasks[task]) for task in tasks)
        task_s = self.pace.tile_s * tiles / len(tasks)
        fair = -(-len(tasks) // self.lanes)
        return max(1, min(fair, round(TARGET_S / task_s)))

    def give_back(
        self, tasks: Iterable[int], tried: Container[int] = (), blame: bool = True, said: str = ""
    ) -> None:
        """Take back what a shard has not finished: its worker died, or its result is not whole.

        A tile task on which too many workers have died is set aside; see `check`.

        Args:
            tasks: Its tile tasks.
            tried: Indices of the tiles that were being tried when the worker died.
            blame: Whether it may be their fault; False: the shard was stopped by somebody.
            said: What the shard said at its end.
        """
        tasks = list(tasks)
        self.in_a_row += bool(tasks and blame)
        for task in tasks:
            counts = self.deaths if blame else self.stops
            counts[task] += 1
            most = self._most_deaths(task) if blame else MOST_STOPS
            why = self._give_up(task, tried, blame) if counts[task] >= most else None
            if why is None and self.in_a_row >= MOST_IN_A_ROW:
                why = self._failed(task, self.plan.tasks[task], "")
            if why is None:
                self.waiting.append(task)
            else:
                self.failure = self.failure or self._told(why, said)
        self.waiting.sort()

    def _told(self, failure: EngineFailed, said: str) -> EngineFailed:
        return EngineFailed(f"{failure} (the last one: {said})") if said else failure

    def _give_up(self, task: int, tried: Container[int], blame: bool) -> EngineFailed | None:
        if not blame:
            return self._failed(task, self.plan.tasks[task], "")
        return self._leave_out(task, tried)

    def _leave_out(self, task: int, tried: Container[int]) -> EngineFailed | None:
        """Do without the tile that kills; why that cannot be."""
        killers = [index for index in self.plan.tasks[task] if index in tried]
        if not killers:
            return self._failed(task, self.plan.tasks[task], "")
        if not self.gaps:
            hint = "; with --on-bad-tile gap (on_bad_tile: gap) the job does without it"
            return self._failed(task, killers, hint)
        if len(self.skip) >= MOST_KILLERS:
            hint = f"; {MOST_KILLERS} tiles have been left out for that, no more are"
            return self._failed(task, killers, hint)
        self.skip.add(killers[0])
        return None

    def _failed(self, task: int, tiles: Iterable[int], hint: str) -> EngineFailed:
        columns = self.plan.grid.columns
        where = ", ".join(str(divmod(index, columns)) for index in tiles)
        return EngineFailed(
            f"{self.plan.slide.name}: {self.tries([task])} workers died or gave up on the tiles "
            f"(row, column) {where}: look at the workers' logs, and at the slide there{hint}"
        )
