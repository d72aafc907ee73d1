"""What a running job keeps in its folder's `parts/`: plan, tissue mask, counts of the merge."""

from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from slideloom.results.folder import PARTS, ResultFolder
from slideloom.segmentation.merging import MergeCounts
from slideloom.segmentation.plan import Plan
from slideloom.tissue import TissueMask
from slideloom.tissue.mask import Source

PLAN = f"{PARTS}/plan.json"
TISSUE = f"{PARTS}/tissue.npz"
_COUNTS = f"{PARTS}/merged.json"


def store_plan(folder: ResultFolder, plan: Plan, tissue: TissueMask) -> None:
    """Keep the plan and the mask for the steps that follow, in this process or another."""
    folder.write(PLAN, plan.model_dump_json(indent=1).encode())
    with folder.replacing(TISSUE) as temporary, open(temporary, "wb") as out:
        np.savez_compressed(
            out,
            mask=tissue.mask,
            scale=np.array(tissue.scale),
            size=np.array([tissue.width_px, tissue.height_px]),
            source=np.array(tissue.source),
        )


def load_plan(folder: Path) -> Plan:
    """The plan of the job in this folder; read once per version of the file."""
    path = folder / PLAN
    return _parsed(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _parsed(path: Path, _version: int) -> Plan:
    return Plan.model_validate_json(path.read_bytes())


def load_tissue(folder: Path) -> TissueMask:
    """The tissue mask of the job in this folder."""
    with open(folder / TISSUE, "rb") as content:
        return decode_tissue(content)


def decode_tissue(content: BinaryIO) -> TissueMask:
    """The tissue mask that `store_plan` kept, from the file's content."""
    with np.load(content) as stored:
        scale, size = stored["scale"], stored["size"]
        return TissueMask(
            mask=stored["mask"],
            scale=(float(scale[0]), float(scale[1])),
            width_px=int(size[0]),
            height_px=int(size[1]),
            source=cast(Source, str(stored["source"])),
        )


def store_counts(folder: ResultFolder, counts: MergeCounts) -> None:
    """Keep what the merge counted."""
    folder.write_json(_COUNTS, counts.as_dict())


def load_counts(folder: ResultFolder) -> MergeCounts:
    """What the merge counted."""
    return MergeCounts(**folder.read_json(_COUNTS))
