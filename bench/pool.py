"""What the GPU pool costs and gains: a slide through a whole server, against the bare core.

Server, database, dispatcher, workers and bare core share this machine. Every process that segments
does so with one thread, so that on two cores the server has the other one as long as one worker
works; and it has its model loaded. `BENCH_MEGAPIXELS`, `BENCH_ROUNDS` and `BENCH_MODEL` are what is
measured; with the shipped model a round took 25 minutes on two slow cores.
"""

import os
import shutil
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench.report import Figure, seconds
from deployments.cli.quiet import quieten
from slideloom.models import SHIPPED_MODEL

if TYPE_CHECKING:
    from tests.chaos.city import City
    from tests.helpers.timeline import Timeline

MEGAPIXELS = float(os.environ.get("BENCH_MEGAPIXELS", "50"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
MODEL = os.environ.get("BENCH_MODEL", SHIPPED_MODEL)
_WARM_MEGAPIXELS = 6.0
"""Three tile tasks: both workers get some."""
_CREW = ("dispatcher", "control", "jobs-1", "gpu-1")
_SECOND = "gpu-2"
_ONE_THREAD = {
    "SLIDELOOM_WORKERS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


class Round(NamedTuple):
    """Wall times of one slide.

    Attributes:
        bare_s: The bare core's, in a process of its own.
        tiles_s: Of it, all tile tasks.
        one_s: The workflow's with one worker, from submission to end.
        two_s: The workflow's with two workers.
        steps: Of the job on one worker.
    """

    bare_s: float
    tiles_s: float
    one_s: float
    two_s: float
    steps: "Timeline"

    @property
    def job_s(self) -> float:
        """From the job's admission to its end."""
        return self.steps.ended_s - self.steps.admitted_s

    @property
    def shards_s(self) -> float:
        """The flows of its shards, one after the other."""
        return sum(shard.ended_s - shard.began_s for shard in self.steps.segmenting)

    @property
    def before_s(self) -> float:
        """From the admission to the begin of the first shard's flow."""
        return self.steps.segmenting[0].began_s - self.steps.admitted_s

    @property
    def after_s(self) -> float:
        """From the end of the last shard to the job's."""
        return self.steps.ended_s - self.steps.segmenting[-1].ended_s


def run() -> list[Figure]:
    """Rounds of bare core, one worker and two; medians of the ratios within each round."""
    quieten()
    from tests.acceptance.pool import AS_SERVED
    from tests.chaos.city import city

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with city(folder, _CREW, **AS_SERVED, **_ONE_THREAD) as town:
            rounds = _Rounds(town, folder)
            taken = [rounds.take(number) for number in range(ROUNDS)]
    return [
        _median(
            f"bare core, {MEGAPIXELS:g} megapixels, {MODEL}, one thread",
            taken,
            lambda it: it.bare_s,
        ),
        _median("one worker / bare core", taken, lambda it: it.one_s / it.bare_s, "×"),
        _median("  from admission / bare core", taken, lambda it: it.job_s / it.bare_s, "×"),
        _median("one worker / two", taken, lambda it: it.one_s / it.two_s, "×"),
        Figure("task runs of the slide", taken[0].steps.task_runs, ""),
        _median("bare core: all tile tasks", taken, lambda it: it.tiles_s),
        _median("  merging, measuring, pictures", taken, lambda it: it.bare_s - it.tiles_s),
        _median("one worker: admission to the first shard", taken, lambda it: it.before_s),
        _median(f"  in {len(taken[0].steps.segmenting)} shards", taken, lambda it: it.shards_s),
        _median(
            "  between shards",
            taken,
            lambda it: it.job_s - it.before_s - it.shards_s - it.after_s,
        ),
        _median("  after the last shard", taken, lambda it: it.after_s),
    ]


def _median(
    what: str, taken: list[Round], value: Callable[[Round], float], unit: str = "s"
) -> Figure:
    return Figure(what, statistics.median(map(value, taken)), unit)


class _Rounds:
    """Runs the same slide again and again; nothing of a result is kept.

    Args:
        town: With one worker of the GPU pool.
        folder: Where its files are.
    """

    def __init__(self, town: "City", folder: Path) -> None:
        from tests.helpers.large_slides import large_slide

        self._town, self._folder = town, folder
        town.add_tenants(["warm", "full"])
        self._slide, small = (folder / "slides" / name / "large.tif" for name in ("full", "warm"))
        large_slide(self._slide, MEGAPIXELS)
        large_slide(small, _WARM_MEGAPIXELS)
        self._workflow("warm")

    def take(self, number: int) -> Round:
        """One round; every other one begins with the server."""
        if number % 2:
            (one_s, steps), bare = self._workflow("full"), self._bare()
        else:
            bare, (one_s, steps) = self._bare(), self._workflow("full")
        self._town.start(_SECOND)
        self._workflow("warm")
        two_s, _ = self._workflow("full")
        self._town.crew[_SECOND].stop()
        return Round(*bare, one_s, two_s, steps)

    def _workflow(self, tenant: str) -> tuple[float, "Timeline"]:
        """Seconds from submission to end, and when its job did what."""
        from tests.acceptance.pool import Wanted, ends
        from tests.helpers.timeline import timeline

        submitted = list[str]()

        def work() -> None:
            submitted.append(Wanted(tenant, {"model": MODEL}).submit(self._town))
            if (state := ends(submitted[0])) != "Completed":
                raise RuntimeError(f"the workflow ended as {state}: {self._town.logs()}")

        spent_s = seconds(work)
        (job,) = self._town.jobs(submitted[0])
        shutil.rmtree(self._folder / "results")
        return spent_s, timeline(str(job.id))

    def _bare(self) -> tuple[float, float]:
        """Seconds in all, and of its tile tasks."""
        from tests.acceptance.pool import Wanted

        out = self._folder / "bare"
        environment = {**os.environ, **_ONE_THREAD}
        bare = Wanted("bare", {"model": MODEL}).bare(self._slide, out, 1, environment)
        shutil.rmtree(out)
        return bare.seconds, bare.tiles_s
