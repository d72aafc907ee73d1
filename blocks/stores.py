"""Where slides, results and models are kept: one document "default" of each."""

from pathlib import Path

from prefect.blocks.core import Block
from pydantic import Field

from blocks.paths import LocalRoot
from slideloom.models.store import default_root
from slideloom.settings import settings

DEFAULT = "default"
"""Name of the one document of each store."""


class SlideStore(Block):
    """Where tenants' slides are, each tenant's in a folder of its name."""

    _block_type_name = "slideloom slide store"
    _description = "Where tenants' slides are, each tenant's in a folder of its name."

    root: LocalRoot = Field(
        default=None,
        title="Folder",
        description="Absolute local folder or file:// URL; empty: `slides` in slideloom's home.",
    )

    @property
    def folder(self) -> Path:
        """The folder."""
        return Path(self.root) if self.root else settings().home / "slides"


class ResultStore(Block):
    """Where results are put: `<folder>/<tenant>/<workflow>/<job>/`."""

    _block_type_name = "slideloom result store"
    _description = "Where results are put: <folder>/<tenant>/<workflow>/<job>/."

    root: LocalRoot = Field(
        default=None,
        title="Folder",
        description="Absolute local folder or file:// URL; empty: `results` in slideloom's home.",
    )

    @property
    def folder(self) -> Path:
        """The folder."""
        return Path(self.root) if self.root else settings().home / "results"


class ModelStore(Block):
    """Where recorded models are kept, see `slideloom models`."""

    _block_type_name = "slideloom model store"
    _description = "Where recorded models are kept, see `slideloom models`."

    root: LocalRoot = Field(
        default=None,
        title="Folder",
        description=(
            "Absolute local folder or file:// URL, the same on every machine that works for this "
            "server; empty: each machine's SLIDELOOM_MODEL_STORE, or `slideloom/models` in the "
            "user's data folder."
        ),
    )

    @property
    def folder(self) -> Path:
        """The folder."""
        return Path(self.root) if self.root else default_root()


STORES: tuple[type[SlideStore] | type[ResultStore] | type[ModelStore], ...] = (
    SlideStore,
    ResultStore,
    ModelStore,
)
