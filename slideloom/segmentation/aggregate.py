"""`summary.json`: counts, density, distributions, and what is needed to reproduce the result."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from slideloom.arrays import Float64
from slideloom.results.final import MEASURE_COLUMNS
from slideloom.results.geoparquet import read_cells
from slideloom.results.parts import Gap
from slideloom.segmentation.merging import PARQUET, MergeCounts
from slideloom.segmentation.plan import Plan
from slideloom.tissue import TissueMask

SUMMARY = "summary.json"
HEAT_MAP_MM = 0.25
"""Side of a field of the heat map, in mm; coarser where the slide would need more than 200."""
_MOST_FIELDS = 200
_HISTOGRAM_BINS = 40
_PERCENTILES = (5, 25, 50, 75, 95)


def summarise(
    plan: Plan, tissue: TissueMask, counts: MergeCounts, folder: Path, gaps: Sequence[Gap] = ()
) -> dict[str, Any]:
    """The summary of a result whose `cells.parquet` is written; equal results, equal summaries.

    Where tiles are missing it says which; where none are, it has no word of them.
    """
    area = tissue.area_mm2(plan.slide.mpp_x, plan.slide.mpp_y)
    missing = {"gaps": [gap.as_dict() for gap in gaps]} if gaps else {}
    return {
        **missing,
        "cells": counts.as_dict(),
        "tissue": {
            "source": plan.tissue_source,
            "area_mm2": round(area, 6),
            "fraction": round(tissue.fraction, 6),
            "digest": plan.tissue_digest,
        },
        "density_per_mm2": round(counts.cells / area, 3) if area > 0 else None,
        "measures": {name: distribution(_column(folder, name)) for name in MEASURE_COLUMNS},
        "heat_map": heat_map(plan, folder),
        "tiles": {
            "total": plan.tiles_total,
            "segmented": plan.tiles_kept - len(gaps),
            "skipped": plan.tiles_total - plan.tiles_kept,
            "tile_px": plan.grid.tile_px,
            "overlap_px": plan.grid.overlap_px,
            "exact": plan.exact,
            "advice": plan.overlap_advice,
        },
        "slide": plan.slide.model_dump(mode="json"),
        "model": plan.engine.as_dict(),
        "normalisation": {
            "low": list(plan.normalisation.low),
            "high": list(plan.normalisation.high),
        },
        "key": plan.key,
        "versions": plan.libraries,
    }


def _column(folder: Path, name: str) -> Float64:
    """One column of all cells: 8 bytes a cell, one column at a time."""
    values = [table[name].to_numpy() for table in read_cells(folder / PARQUET, [name])]
    return np.concatenate(values) if values else np.zeros(0)


def distribution(values: Float64) -> dict[str, Any]:
    """Mean, spread, percentiles and histogram; nothing but the count where there are no values."""
    if not len(values):
        return {"count": 0}
    counts, edges = np.histogram(values, bins=_HISTOGRAM_BINS)
    percentiles = np.percentile(values, _PERCENTILES)
    return {
        "count": len(values),
        "mean": _rounded(values.mean()),
        "std": _rounded(values.std()),
        "min": _rounded(values.min()),
        "max": _rounded(values.max()),
        **{f"p{p}": _rounded(v) for p, v in zip(_PERCENTILES, percentiles, strict=True)},
        "histogram": {"counts": counts.tolist(), "edges": [_rounded(edge) for edge in edges]},
    }


def _rounded(value: float) -> float:
    return round(float(value), 4)


def heat_map(plan: Plan, folder: Path) -> dict[str, Any]:
    """Cells per square field of the slide, row by row from the top."""
    slide = plan.slide
    longest_mm = max(slide.width_px * slide.mpp_x, slide.height_px * slide.mpp_y) / 1000
    field_mm = HEAT_MAP_MM * max(1, int(np.ceil(longest_mm / HEAT_MAP_MM / _MOST_FIELDS)))
    step_x, step_y = field_mm * 1000 / slide.mpp_x, field_mm * 1000 / slide.mpp_y
    columns = int(np.ceil(slide.width_px / step_x))
    rows = int(np.ceil(slide.height_px / step_y))
    counts = np.zeros((rows, columns), np.int64)
    for table in read_cells(folder / PARQUET, ["centroid_x", "centroid_y"]):
        column = np.minimum(table["centroid_x"].to_numpy() // step_x, columns - 1).astype(int)
        row = np.minimum(table["centroid_y"].to_numpy() // step_y, rows - 1).astype(int)
        np.add.at(counts, (row, column), 1)
    return {"field_mm": field_mm, "columns": columns, "rows": rows, "counts": counts.tolist()}
