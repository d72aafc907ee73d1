"""One slide's segmentation, step by step, without an orchestrator.

`segment_slide` runs all steps in this process; the flows call the same steps as Prefect tasks.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from os import cpu_count
from pathlib import Path
from typing import Any, NamedTuple

from slideloom.engines.base import Engine, EngineInfo
from slideloom.errors import EngineFailed
from slideloom.parameters import SegmentCells
from slideloom.results.folder import ResultFolder, abandoned_on_bad_input
from slideloom.results.identity import Claim, Identity
from slideloom.results.parts import part_name, write_part
from slideloom.results.workplace import Workplace
from slideloom.segmentation.aggregate import SUMMARY, summarise
from slideloom.segmentation.merging import GEOJSON, PARQUET, merge_parts
from slideloom.segmentation.pictures import PICTURES, draw_pictures
from slideloom.segmentation.plan import Plan, make_plan
from slideloom.segmentation.quarantine import NO_GAPS, Quarantine, gaps_of, refuse_gaps
from slideloom.segmentation.stored import (
    PLAN,
    TISSUE,
    load_counts,
    load_plan,
    load_tissue,
    store_counts,
    store_plan,
)
from slideloom.segmentation.tiles import Watch, segment_tiles
from slideloom.settings import settings
from slideloom.slides import GridReader, Slide, fingerprint
from slideloom.tissue import TissueMask, detect_tissue, load_mask
from slideloom.tissue_job import TISSUE_FILES, write_tissue

FILES = (PARQUET, GEOJSON, SUMMARY, *TISSUE_FILES, *PICTURES)
"""What a finished segmentation holds beside its manifest."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A claimed folder with its plan stored, or a finished result.

    Attributes:
        folder: The claimed folder.
        plan: The plan.
        identity: What the folder will hold.
        claim: What the folder held.
    """

    folder: ResultFolder
    plan: Plan
    identity: Identity
    claim: Claim


def folder_of(out: Path) -> ResultFolder:
    """The result folder of a segmentation."""
    return ResultFolder(out, FILES)


def tissue_of(slide: Slide, wanted: str) -> TissueMask:
    """The tissue mask that a job asks for: found, everywhere, or read from a file.

    Raises:
        TissueMaskUnusable: The given mask cannot be used.
    """
    if wanted == "auto":
        return detect_tissue(slide)
    if wanted == "off":
        return TissueMask.everywhere(slide)
    return load_mask(Path(wanted), slide)


def prepare(job: SegmentCells, slide: Slide, engine: EngineInfo, out: Path) -> Prepared:
    """Find the tissue, make the plan, claim the folder; nothing is left behind on bad input.

    Raises:
        BadInput: One of its kinds; see the message.
    """
    tissue = tissue_of(slide, job.tissue)
    plan = make_plan(slide, fingerprint(slide), engine, tissue, job.tile_size, job.overlap)
    identity = Identity(job.kind, plan.slide.fingerprint, plan.key, plan.described())
    folder = folder_of(out)
    with abandoned_on_bad_input(folder):
        claim = folder.claim(identity)
        if claim is not Claim.COMPLETE:
            store_plan(folder, plan, tissue)
            write_tissue(folder, tissue)
    return Prepared(folder, plan, identity, claim)


def missing_tasks(
    plan: Plan, place: Workplace, among: Iterable[int] | None = None, gaps: bool = False
) -> list[int]:
    """Tile tasks whose part is not there whole; of all, or among some.

    Args:
        plan: The plan.
        place: Where the parts are.
        among: Tile tasks to look at; None: all.
        gaps: Whether a part does that leaves bad tiles out.
    """
    keys = {
        task: plan.part_keys(task, gaps)
        for task in (range(len(plan.tasks)) if among is None else among)
    }
    missing = place.missing(key for each in keys.values() for key in each)
    return [task for task, each in keys.items() if missing.issuperset(each)]


def tiles_done(plan: Plan, place: Workplace, gaps: bool = False) -> int:
    """Tiles of the parts that are there, by their names alone: cheap, for showing progress."""
    there = place.parts()
    return sum(
        len(tiles)
        for task, tiles in enumerate(plan.tasks)
        if any(part_name(key) in there for key in plan.part_keys(task, gaps))
    )


def share_plan(prepared: Prepared, place: Workplace) -> Prepared:
    """Let all that will work on the claimed folder's plan find it; what there is of the result.

    Raises:
        OutputConflict: The result of something else is there.
    """
    with abandoned_on_bad_input(prepared.folder):
        claim = place.settle(prepared.claim, prepared.identity)
        if claim is Claim.COMPLETE:
            prepared.folder.release()
            place.bring([SUMMARY])
        else:
            place.send([PLAN, TISSUE])
    return replace(prepared, claim=claim)


def fetch_plan(place: Workplace) -> Plan:
    """The plan that the job has shared."""
    place.bring([PLAN])
    return load_plan(place.folder)


def bring_parts(plan: Plan, place: Workplace) -> None:
    """Get the parts that others have made, to be merged here."""
    there = place.parts()

    def best(task: int) -> str:
        names = [part_name(key) for key in plan.part_keys(task, gaps=True)]
        return next((name for name in names if name in there), names[0])

    place.bring([best(task) for task in range(len(plan.tasks))])


class Part(NamedTuple):
    """A part that was made.

    Attributes:
        key: Its key.
        cells: Number of cells that the tiles reported.
    """

    key: str
    cells: int


def run_tile_task(
    folder: Path,
    task: int,
    slide: Slide,
    engine: Engine,
    batch_size: int,
    watch: Watch | None = None,
    bad: Quarantine = NO_GAPS,
) -> Part:
    """Segment the tiles of one task and store the part.

    A part that leaves tiles out has another key than the whole one.

    Raises:
        EngineFailed: The engine is not the one that the plan was made for (another model file,
            device or version), or it failed.
    """
    plan = load_plan(folder)
    if engine.info != plan.engine:
        raise EngineFailed(
            f"the plan of {plan.slide.name} was made for {plan.engine.name} "
            f"{plan.engine.digest[:12]} on {plan.engine.numeric_profile}, but this process has "
            f"{engine.info.name} {engine.info.digest[:12]} on {engine.info.numeric_profile}: "
            "start the job anew"
        )
    reader = GridReader(slide, plan.engine.mpp)
    made = segment_tiles(
        plan,
        task,
        reader,
        engine,
        batch_size if engine.info.wants_batches else 1,
        readers=settings().readers,
        watch=watch or Watch(),
        bad=bad,
    )
    key = plan.gap_key(task) if made.gaps else plan.part_key(task)
    write_part(folder_of(folder), key, made.cells, made.gaps)
    return Part(key, len(made.cells))


def merge_job(folder: Path) -> dict[str, int]:
    """Merge the parts of the job in this folder; counts of cells."""
    result = folder_of(folder)
    counts = merge_parts(load_plan(folder), load_tissue(folder), result)
    store_counts(result, counts)
    return counts.as_dict()


def aggregate_job(folder: Path) -> dict[str, Any]:
    """Write `summary.json` of the merged job in this folder and return it."""
    result, plan = folder_of(folder), load_plan(folder)
    gaps = gaps_of(plan, folder)
    summary = summarise(plan, load_tissue(folder), load_counts(result), folder, gaps)
    result.write_json(SUMMARY, summary)
    return summary


def finished_job(prepared: Prepared, job: SegmentCells) -> dict[str, Any]:
    """The summary of a result that was there already.

    Raises:
        OutputConflict: Tiles are missing from it, and the job does not do without them.
    """
    summary = dict(prepared.folder.read_json(SUMMARY))
    refuse_gaps(str(prepared.folder.path), len(summary.get("gaps", ())), job)
    return summary


def draw_job(folder: Path, slide: Slide) -> None:
    """Draw the pictures of the merged job in this folder."""
    draw_pictures(slide, load_tissue(folder), folder_of(folder))


def commit_job(prepared: Prepared) -> dict[str, Any]:
    """Write the manifest; from here on the folder holds a result."""
    return prepared.folder.commit(prepared.identity, {"format": 1, "job": prepared.identity.kind})


def default_workers() -> int:
    """Tile tasks side by side: what is set, else one per core up to three."""
    return settings().workers or min(3, cpu_count() or 1)


def segment_slide(
    job: SegmentCells,
    out: Path,
    slide: Slide,
    engine: Engine,
    workers: int | None = None,
    order: Callable[[list[int]], list[int]] = lambda tasks: tasks,
) -> dict[str, Any]:
    """All steps in this process; what a benchmark holds the orchestrated run against.

    Args:
        job: What to do.
        out: Result folder.
        slide: The job's slide, open.
        engine: The job's engine.
        workers: Tile tasks side by side.
        order: Order in which the tile tasks start; the result does not depend on it.

    Returns:
        The summary.
    """
    prepared = prepare(job, slide, engine.info, out)
    if prepared.claim is Claim.COMPLETE:
        return finished_job(prepared, job)
    bad = Quarantine(job.gaps)
    with abandoned_on_bad_input(prepared.folder):
        tasks = order(missing_tasks(prepared.plan, Workplace(out), gaps=bad.gaps))
        with ThreadPoolExecutor(workers or default_workers()) as pool:
            for _ in pool.map(
                lambda task: run_tile_task(out, task, slide, engine, job.batch_size, bad=bad),
                tasks,
            ):
                pass
        merge_job(out)
        summary = aggregate_job(out)
        draw_job(out, slide)
        commit_job(prepared)
    return summary
