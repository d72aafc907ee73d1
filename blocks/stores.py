"""Where slides, results and models are kept: one document "default" of each."""

from pathlib import Path

from prefect.blocks.core import Block
from pydantic import ConfigDict, Field

from blocks.access import S3Access
from blocks.paths import AnyRoot, LocalRoot
from slideloom.models.store import default_root
from slideloom.settings import settings
from slideloom.stores import S3Options, Store, parse_root

DEFAULT = "default"
"""Name of the one document of each store."""


def store_at(root: str, access: S3Access | None) -> Store:
    """The store at a root as blocks hold it."""
    return Store(parse_root(root), access.options() if access else S3Options())


class SlideStore(Block):
    """Where tenants' slides are, each tenant's in a folder of its name."""

    _block_type_name = "slideloom slide store"
    _description = "Where tenants' slides are, each tenant's in a folder of its name."

    model_config = ConfigDict(hide_input_in_errors=True)  # a key may be in it

    root: AnyRoot = Field(
        default=None,
        title="Place",
        description=(
            "Absolute local folder, file:// or s3://bucket/prefix URL; empty: `slides` in "
            "slideloom's home."
        ),
    )
    access: S3Access | None = Field(
        default=None,
        title="S3 access",
        description="Key and address of a place in S3; empty: the worker's own.",
    )

    @property
    def store(self) -> Store:
        """What is there."""
        return store_at(self.root or str(settings().home / "slides"), self.access)


class ResultStore(Block):
    """Where results are put: `<folder>/<tenant>/<workflow>/<job>/`."""

    _block_type_name = "slideloom result store"
    _description = "Where results are put: <folder>/<tenant>/<workflow>/<job>/."

    model_config = ConfigDict(hide_input_in_errors=True)  # a key may be in it

    root: AnyRoot = Field(
        default=None,
        title="Place",
        description=(
            "Absolute local folder, file:// or s3://bucket/prefix URL; empty: `results` in "
            "slideloom's home."
        ),
    )
    access: S3Access | None = Field(
        default=None,
        title="S3 access",
        description="Key and address of a place in S3; empty: the worker's own.",
    )

    @property
    def store(self) -> Store:
        """What is there."""
        return store_at(self.root or str(settings().home / "results"), self.access)


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
