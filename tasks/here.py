"""A tenant without a server: slides by paths from the current folder, results in our own."""

from dataclasses import dataclass, field
from pathlib import Path

from blocks.paths import result_path
from slideloom.errors import SlideUnreadable
from slideloom.settings import settings


@dataclass(frozen=True, slots=True)
class Here:
    """Places of a tenant who need not be known anywhere.

    Attributes:
        tenant: The tenant's id.
        folder: What relative paths begin at.
    """

    tenant: str
    folder: Path = field(default_factory=Path.cwd)

    @property
    def model(self) -> str:
        """Model of jobs that name none."""
        return settings().instanseg_model

    def slide_at(self, slide: str) -> str:
        """The whole path of a slide, or of a mask.

        Raises:
            SlideUnreadable: No file can have this name.
        """
        path = self.folder / Path(slide).expanduser()
        try:
            path.exists()
        except (OSError, ValueError) as error:
            raise SlideUnreadable(f"slide {slide!r} cannot be a file's name: {error}") from error
        return str(path)

    def result_at(self, workflow: object, branch: int, index: int) -> str:
        """`<home>/results/<tenant>/<workflow>/<branch>-<index>`."""
        results = settings().home / "results" / self.tenant
        return str(result_path(results, workflow, branch, index))

    def is_here(self, at: str) -> bool:  # noqa: ARG002
        """It is."""
        return True
