"""A summary in words: the rows of the closing table and of the UI's."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from slideloom.results.folder import RUN

_STAGES = ("plan", "segment", "merge", "aggregate", "draw")
_MOST_NAMED = 10


def summary_rows(summary: dict[str, Any]) -> list[tuple[str, str]]:
    """(what, value) pairs, most wanted first."""
    cells, tissue, tiles = summary["cells"], summary["tissue"], summary["tiles"]
    area = summary["measures"]["area_um2"]
    density = summary["density_per_mm2"]
    rows = [
        ("cells", f"{cells['cells']:,}"),
        ("density", f"{density:,.0f} per mm² of tissue" if density is not None else "no tissue"),
        ("tissue", f"{tissue['area_mm2']:.3f} mm² ({tissue['source']})"),
        ("tiles", f"{tiles['segmented']} segmented, {tiles['skipped']} skipped"),
    ]
    if gaps := summary.get("gaps"):
        rows.append(("missing", _missing(gaps)))
    if area["count"]:
        rows.append(
            (
                "nuclear area",
                f"median {area['p50']:.1f} µm², 5 to 95 %: {area['p5']:.1f} to {area['p95']:.1f}",
            )
        )
    if cells["clipped"]:
        rows.append(("clipped", f"{cells['clipped']} cells that no tile saw whole"))
    if cells["off_tissue"]:
        rows.append(("off tissue", f"{cells['off_tissue']} detections left out"))
    model = summary["model"]
    rows.append(("model", f"{model['name']} {model['version']} ({model['digest'][:12]})"))
    return rows


def _missing(gaps: Sequence[dict[str, Any]]) -> str:
    """`2 tiles (row, column) could not be segmented: (0, 3), (4, 1)`."""
    named = ", ".join(f"({gap['row']}, {gap['column']})" for gap in gaps[:_MOST_NAMED])
    more = ", …" if len(gaps) > _MOST_NAMED else ""
    tiles = "1 tile" if len(gaps) == 1 else f"{len(gaps)} tiles"
    return f"{tiles} (row, column) could not be segmented: {named}{more}"


def time_rows(summary: dict[str, Any], out: Path, seconds: float) -> list[tuple[str, str]]:
    """(what, value) pairs on time: each stage of the last attempt, the whole, and per megapixel.

    A speed is given only where this attempt segmented all tiles.
    """
    if not (out / RUN).exists():
        return []
    attempt = json.loads((out / RUN).read_bytes())["attempts"][-1]
    spent = attempt["seconds"]
    stages = ", ".join(f"{name} {spent[name]:.1f} s" for name in _STAGES if name in spent)
    slide = summary["slide"]
    mpp = summary["model"]["mpp"]
    scale_x, scale_y = slide["mpp_x"] / mpp, slide["mpp_y"] / mpp
    megapixels = slide["width_px"] * scale_x * slide["height_px"] * scale_y / 1e6
    rows = [("time", f"{seconds:.1f} s ({stages})")]
    if attempt.get("tiles") == summary["tiles"]["segmented"]:
        speed = spent["segment"] / megapixels
        rows.append(("speed", f"{speed:.2f} s per megapixel at {mpp} µm/px"))
    return rows
