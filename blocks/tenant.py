"""A tenant: its folders, its default model, its limits. The document's name is the tenant's id."""

from pathlib import Path

from prefect.blocks.core import Block
from pydantic import Field, PrivateAttr

from blocks.errors import TenantUnknown
from blocks.paths import LocalRoot, path_inside, result_path
from blocks.stores import ResultStore, SlideStore
from slideloom.settings import settings

MAX_RETENTION_DAYS = 36_500


class Tenant(Block):
    """Who owns slides, workflows and results; what is left empty is as for everybody."""

    _block_type_name = "slideloom tenant"
    _description = (
        "Who owns slides, workflows and results. The block's name is the tenant's id: lower-case "
        "letters, digits and hyphens, at most 63. What is left empty is as for everybody."
    )

    display_name: str = Field(
        default="",
        max_length=120,
        title="Name",
        description="Name for people to read; empty: the id.",
    )
    slide_root: LocalRoot = Field(
        default=None,
        title="Slide folder",
        description=(
            "Absolute local folder or file:// URL that holds the tenant's slides; empty: the "
            "folder of the tenant's id in the slide store."
        ),
    )
    result_root: LocalRoot = Field(
        default=None,
        title="Result folder",
        description=(
            "Absolute local folder or file:// URL; results go to a folder of the tenant's id in "
            "it. Empty: the result store."
        ),
    )
    default_model: str | None = Field(
        default=None,
        max_length=1024,
        title="Default model",
        description="Model of jobs that name none; empty: SLIDELOOM_INSTANSEG_MODEL.",
    )
    gpu_limit: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        title="GPU limit",
        description=(
            "Shards of this tenant that run at the same time; empty: "
            "SLIDELOOM_TENANT_GPU_LIMIT. Takes effect with the tenant's next workflow."
        ),
    )
    retention_days: int | None = Field(
        default=None,
        ge=1,
        le=MAX_RETENTION_DAYS,
        title="Retention",
        description="Days that results are kept; empty: they are kept.",
    )

    _slide_store: SlideStore = PrivateAttr(default_factory=SlideStore)
    _result_store: ResultStore = PrivateAttr(default_factory=ResultStore)

    @property
    def id(self) -> str:
        """The tenant's id.

        Raises:
            TenantUnknown: This block was never saved.
        """
        if not self._block_document_name:
            raise TenantUnknown("this tenant has no id yet: save it under its id first")
        return self._block_document_name

    @property
    def name(self) -> str:
        """Name for people to read."""
        return self.display_name or self.id

    @property
    def slides(self) -> Path:
        """Folder of the tenant's slides."""
        return Path(self.slide_root) if self.slide_root else self._slide_store.folder / self.id

    @property
    def results(self) -> Path:
        """Folder of the tenant's results."""
        root = Path(self.result_root) if self.result_root else self._result_store.folder
        return root / self.id

    @property
    def model(self) -> str:
        """Model of jobs that name none."""
        return self.default_model or settings().instanseg_model

    def use(self, slides: SlideStore, results: ResultStore) -> None:
        """Take the stores' folders where the tenant names none of its own."""
        self._slide_store, self._result_store = slides, results

    def slide_path(self, slide: str) -> Path:
        """The path of a slide as the tenant names it, all links resolved.

        Args:
            slide: Path below the tenant's slide folder, or an absolute one that leads into it.

        Raises:
            SlideOutside: It leads out of that folder.
            SlideUnreadable: No file can have this name.
        """
        return path_inside(self.slides, slide, self.id)

    def result_folder(self, workflow: object, branch: int, index: int) -> Path:
        """Folder of a job's result.

        Args:
            workflow: Id of the workflow.
            branch: Number of the branch in the workflow, from 0.
            index: Number of the job in its branch, from 0.

        Raises:
            ParametersUnusable: The id or a number makes no safe folder name.
        """
        return result_path(self.results, workflow, branch, index)
