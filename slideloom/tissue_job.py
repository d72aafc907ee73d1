"""The job `tissue_mask`: a slide's tissue as mask, outline and figures, without an orchestrator."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slideloom.drawing.jpeg import to_jpeg
from slideloom.drawing.pictures import THUMBNAIL_PX
from slideloom.grid import Grid
from slideloom.parameters import TissueMaskJob, digest_of
from slideloom.results.folder import ResultFolder, abandoned_on_bad_input
from slideloom.results.identity import Claim, Identity
from slideloom.segmentation.plan import FORMAT, SlideFacts, kept_tiles
from slideloom.settings import settings
from slideloom.slides import GridReader, Slide, fingerprint, thumbnail
from slideloom.tissue import TissueMask, detect_tissue, to_geojson, to_png

TISSUE_FILES = ("tissue.png", "tissue.geojson")
SUMMARY = "summary.json"
FILES = (*TISSUE_FILES, SUMMARY, "thumbnail.jpg")
TILES_MPP = 0.5
"""µm per pixel at which kept and skipped tiles are counted, as InstanSeg's models want it."""


@dataclass(frozen=True, slots=True)
class FoundTissue:
    """A claimed folder and the mask that goes into it."""

    folder: ResultFolder
    identity: Identity
    claim: Claim
    tissue: TissueMask
    facts: SlideFacts


def find_tissue(job: TissueMaskJob, slide: Slide, out: Path) -> FoundTissue:
    """Detect the tissue and claim the folder.

    Raises:
        BadInput: The slide breaks, or the folder cannot be used.
    """
    facts, tissue = SlideFacts.of(slide, fingerprint(slide)), detect_tissue(slide)
    sizes = {"tile size": settings().tile_size, "overlap": settings().tile_overlap}
    described = {"slide": facts.name, "mpp": [facts.mpp_x, facts.mpp_y], **sizes}
    key = digest_of(
        [FORMAT, job.kind, facts.fingerprint, facts.mpp_x, facts.mpp_y, tissue.digest(), sizes]
    )
    identity = Identity(job.kind, facts.fingerprint, key, described)
    folder = ResultFolder(out, FILES)
    with abandoned_on_bad_input(folder):
        return FoundTissue(folder, identity, folder.claim(identity), tissue, facts)


def write_tissue(folder: ResultFolder, tissue: TissueMask) -> None:
    """`tissue.png` and `tissue.geojson`."""
    folder.write("tissue.png", to_png(tissue))
    folder.write("tissue.geojson", to_geojson(tissue))


def finish_tissue(found: FoundTissue, slide: Slide) -> dict[str, Any]:
    """Write mask, outline, thumbnail, summary and manifest; return the summary."""
    with abandoned_on_bad_input(found.folder):
        summary = _summary(found, slide)
        write_tissue(found.folder, found.tissue)
        found.folder.write("thumbnail.jpg", to_jpeg(thumbnail(slide, THUMBNAIL_PX)[0]))
        found.folder.write_json(SUMMARY, summary)
        found.folder.commit(found.identity, {"format": 1, "job": found.identity.kind})
    return summary


def _summary(found: FoundTissue, slide: Slide) -> dict[str, Any]:
    return {
        "slide": found.facts.model_dump(mode="json"),
        "tissue": {
            "area_mm2": round(found.tissue.area_mm2(found.facts.mpp_x, found.facts.mpp_y), 6),
            "fraction": round(found.tissue.fraction, 6),
            "digest": found.tissue.digest(),
        },
        "tiles": _tiles(found.tissue, slide),
    }


def _tiles(tissue: TissueMask, slide: Slide) -> dict[str, Any]:
    """Tiles that a segmentation with today's settings would keep and skip."""
    reader = GridReader(slide, TILES_MPP)
    tile_px, overlap_px = settings().tile_size, settings().tile_overlap
    grid = Grid(reader.width_px, reader.height_px, tile_px, overlap_px)
    kept = len(kept_tiles(grid, reader.scale, tissue))
    return {
        "mpp": TILES_MPP,
        "tile_px": tile_px,
        "overlap_px": overlap_px,
        "total": len(grid),
        "kept": kept,
        "skipped": len(grid) - kept,
    }
