"""The plan of a slide: everything that decides the result, fixed before the first tile is read.

Two runs with equal plans give equal bytes. The plan is plain data and travels with each tile task;
a part's key is a digest of the plan and of the part's tiles.
"""

from functools import cached_property
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel, ConfigDict

from slideloom.engines.base import EngineInfo
from slideloom.grid import Grid, Tile
from slideloom.normalisation import Normalisation
from slideloom.parameters import digest_of
from slideloom.results.final import Frame
from slideloom.slides import GridReader, Slide
from slideloom.tissue import TissueMask, normalisation_constants
from slideloom.versions import library_versions

FORMAT = 1
"""Raised when the way from pixels to parts changes: older parts are then not taken up."""
SMALLEST_TASK = 4
"""Tiles in a tile task, at least: a few seconds of work."""
MOST_TASKS = 300
"""Tile tasks of one slide, at most: more would flood the server's event queue."""


class SlideFacts(BaseModel):
    """What the result depends on, of a slide; no path, so that a moved slide resumes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    format: str
    fingerprint: str
    width_px: int
    height_px: int
    mpp_x: float
    mpp_y: float
    mpp_source: str

    @classmethod
    def of(cls, slide: Slide, fingerprint: str) -> "SlideFacts":
        """The facts of an open slide."""
        return cls(
            name=PurePath(slide.path).name,
            format=slide.format,
            fingerprint=fingerprint,
            width_px=slide.width_px,
            height_px=slide.height_px,
            mpp_x=slide.mpp.x,
            mpp_y=slide.mpp.y,
            mpp_source=slide.mpp.source,
        )


class Plan(BaseModel):
    """What to compute, of one slide.

    Attributes:
        slide: The slide.
        engine: Facts about the engine.
        grid: The tiles.
        scale_x: Level-0 pixels per model pixel along x.
        scale_y: Level-0 pixels per model pixel along y.
        normalisation: Intensity constants of the slide.
        tissue_source: `auto`, `off` or `given`.
        tissue_digest: Digest of the tissue mask.
        tasks: Tile indices (row · columns + column) of every tile task, ascending.
        libraries: Versions of what decides pixels, cells and pictures.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    slide: SlideFacts
    engine: EngineInfo
    grid: Grid
    scale_x: float
    scale_y: float
    normalisation: Normalisation
    tissue_source: str
    tissue_digest: str
    tasks: tuple[tuple[int, ...], ...]
    libraries: dict[str, str]

    @cached_property
    def key(self) -> str:
        """Digest of all that can change the result, library versions included.

        The slide's file name and where its pixel size comes from are told in the summary, but they
        change no cell: a renamed slide finds its parts.
        """
        content = self.model_dump(mode="json")
        del content["slide"]["name"], content["slide"]["mpp_source"], content["tasks"]
        return digest_of([FORMAT, content])

    def part_key(self, task: int) -> str:
        """Key of the part that tile task `task` makes."""
        return digest_of([self.key, self.tasks[task]])

    def gap_key(self, task: int) -> str:
        """Key of the part that tile task `task` makes where it leaves tiles out."""
        return digest_of([self.key, self.tasks[task], "gaps"])

    def part_keys(self, task: int, gaps: bool) -> tuple[str, ...]:
        """Keys of the parts that do for a tile task, the better first.

        Args:
            task: Index of the tile task.
            gaps: Whether one that leaves tiles out does.
        """
        return (self.part_key(task), self.gap_key(task)) if gaps else (self.part_key(task),)

    @property
    def frame(self) -> Frame:
        """How the model's pixels lie on the slide."""
        return Frame(
            self.scale_x,
            self.scale_y,
            self.slide.width_px,
            self.slide.height_px,
            self.engine.mpp,
            self.slide.fingerprint,
        )

    @property
    def tiles_total(self) -> int:
        """Tiles of the grid."""
        return len(self.grid)

    @property
    def tiles_kept(self) -> int:
        """Tiles that hold tissue and are segmented."""
        return sum(len(task) for task in self.tasks)

    @property
    def exact(self) -> bool:
        """Is the overlap large enough for a tiled run to equal the untiled one?"""
        return len(self.grid) == 1 or self.grid.overlap_px >= self.engine.exact_overlap_px

    @property
    def overlap_advice(self) -> str:
        """One sentence about the overlap, for whoever started the run; empty where it is exact."""
        if self.exact:
            return ""
        return (
            f"overlap {self.grid.overlap_px} px is near-exact: cells beside tile seams may differ "
            f"in single pixels from an untiled run; from {self.engine.exact_overlap_px} px on the "
            f"network sees the same on both sides (--overlap {self.engine.exact_overlap_px})"
        )

    def tiles(self, task: int) -> list[Tile]:
        """The tiles of a tile task."""
        columns = self.grid.columns
        return [self.grid.tile(*divmod(index, columns)) for index in self.tasks[task]]

    def described(self) -> dict[str, Any]:
        """The settings in words, to tell a user what differs."""
        return {
            "slide": self.slide.name,
            "model": f"{self.engine.name} {self.engine.version} ({self.engine.digest[:12]})",
            "mpp": [self.slide.mpp_x, self.slide.mpp_y],
            "tile size": self.grid.tile_px,
            "overlap": self.grid.overlap_px,
            "tissue": f"{self.tissue_source} ({self.tissue_digest[:12]})",
            "numeric profile": self.engine.numeric_profile,
            "engine": self.engine.engine_version,
        }


def make_plan(
    slide: Slide,
    fingerprint: str,
    engine: EngineInfo,
    tissue: TissueMask,
    tile_px: int,
    overlap_px: int,
) -> Plan:
    """Lay the grid, skip tiles without tissue, take the normalisation constants.

    A tile is skipped exactly where its core holds no tissue, and a cell counts only where its
    centroid lies on tissue: so the result does not depend on the tiling.

    Raises:
        ParametersUnusable: Tile size and overlap do not fit together.
        SlideUnreadable: The slide breaks while its colours are sampled.
    """
    reader = GridReader(slide, engine.mpp)
    grid = Grid(reader.width_px, reader.height_px, tile_px, overlap_px)
    scale_x, scale_y = reader.scale
    return Plan(
        slide=SlideFacts.of(slide, fingerprint),
        engine=engine,
        grid=grid,
        scale_x=scale_x,
        scale_y=scale_y,
        normalisation=normalisation_constants(reader, tissue),
        tissue_source=tissue.source,
        tissue_digest=tissue.digest(),
        tasks=_tasks(kept_tiles(grid, reader.scale, tissue)),
        libraries=library_versions(),
    )


def kept_tiles(grid: Grid, scale: tuple[float, float], tissue: TissueMask) -> list[int]:
    """Indices of the tiles whose core holds tissue; `scale` is level-0 px per model px."""
    return [
        tile.row * grid.columns + tile.column
        for tile in grid.tiles()
        if tissue.touches(
            tile.core.x0 * scale[0],
            tile.core.y0 * scale[1],
            tile.core.x1 * scale[0],
            tile.core.y1 * scale[1],
        )
    ]


def _tasks(tiles: list[int]) -> tuple[tuple[int, ...], ...]:
    """Runs of consecutive tiles: neither too small nor too many; the batch size plays no part."""
    size = max(SMALLEST_TASK, -(-len(tiles) // MOST_TASKS))
    return tuple(tuple(tiles[start : start + size]) for start in range(0, len(tiles), size))
