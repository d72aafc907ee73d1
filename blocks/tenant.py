"""A tenant: its folders, its default model, its limits. The document's name is the tenant's id."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from prefect.blocks.core import Block
from pydantic import ConfigDict, Field, PrivateAttr

from blocks.access import S3Access
from blocks.errors import BlockUnusable, TenantUnknown
from blocks.paths import (
    AnyRoot,
    is_remote,
    name_inside,
    path_inside,
    result_name,
    result_path,
)
from blocks.stores import ResultStore, SlideStore, store_at
from slideloom.errors import ParametersUnusable, SlideUnreadable
from slideloom.settings import settings
from slideloom.stores import S3Root, Store
from slideloom.stores.base import always
from slideloom.stores.slide_cache import default_cache

MAX_RETENTION_DAYS = 36_500


class Tenant(Block):
    """Who owns slides, workflows and results; what is left empty is as for everybody."""

    _block_type_name = "slideloom tenant"
    _description = (
        "Who owns slides, workflows and results. The block's name is the tenant's id: lower-case "
        "letters, digits and hyphens, at most 63. What is left empty is as for everybody."
    )

    model_config = ConfigDict(hide_input_in_errors=True)  # a key may be in it

    display_name: str = Field(
        default="",
        max_length=120,
        title="Name",
        description="Name for people to read; empty: the id.",
    )
    slide_root: AnyRoot = Field(
        default=None,
        title="Slide folder",
        description=(
            "Absolute local folder, file:// or s3://bucket/prefix URL that holds the tenant's "
            "slides; empty: the folder of the tenant's id in the slide store."
        ),
    )
    result_root: AnyRoot = Field(
        default=None,
        title="Result folder",
        description=(
            "Absolute local folder, file:// or s3://bucket/prefix URL; results go to a folder of "
            "the tenant's id in it. Empty: the result store."
        ),
    )
    access: S3Access | None = Field(
        default=None,
        title="S3 access",
        description="Key and address of the two in S3; empty: those of the stores.",
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
    def slide_store(self) -> Store:
        """The tenant's slides."""
        if self.slide_root is None:
            return self._slide_store.store.below(self.id)
        return store_at(self.slide_root, self.access or self._slide_store.access)

    @property
    def result_store(self) -> Store:
        """The tenant's results."""
        if self.result_root is None:
            return self._result_store.store.below(self.id)
        return store_at(self.result_root, self.access or self._result_store.access).below(self.id)

    @property
    def slides(self) -> Path:
        """Folder of the tenant's slides.

        Raises:
            BlockUnusable: They are in S3.
        """
        return _folder(self.slide_store, f"slides of tenant {self.id}")

    @property
    def results(self) -> Path:
        """Folder of the tenant's results.

        Raises:
            BlockUnusable: They are in S3.
        """
        return _folder(self.result_store, f"results of tenant {self.id}")

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
            BlockUnusable: The tenant's slides are in S3.
            SlideOutside: It leads out of that folder.
            SlideUnreadable: No file can have this name.
        """
        return path_inside(self.slides, slide, self.id)

    def slide_name(self, slide: str) -> str:
        """The name of a slide in `slide_store`, as the tenant names it.

        Args:
            slide: Name or path below the tenant's slides, or an absolute one that leads there.

        Raises:
            SlideOutside: It leads out of there.
            SlideUnreadable: No slide can have this name.
        """
        root = self.slide_store.root
        if isinstance(root, S3Root):
            return name_inside(root, slide, self.id)
        return (
            path_inside(root.folder, slide, self.id).relative_to(root.folder.resolve()).as_posix()
        )

    def slide_at(self, slide: str) -> str:
        """The address of a slide as the tenant names it: a path of this machine, or in S3.

        Raises:
            SlideOutside: It leads out of the tenant's slides.
            SlideUnreadable: No slide can have this name.
        """
        if self.slide_store.is_local:
            return str(self.slide_path(slide))
        return self.slide_store.url(self.slide_name(slide))

    def result_at(self, workflow: object, branch: int, index: int) -> str:
        """The address of a job's result: a folder of this machine, or in S3.

        Raises:
            ParametersUnusable: The id or a number makes no safe name.
        """
        if self.result_store.is_local:
            return str(self.result_folder(workflow, branch, index))
        return self.result_store.url(result_name(workflow, branch, index))

    def is_here(self, at: str) -> bool:
        """Whether a slide at such an address is a file of this machine; one in S3 is looked for.

        Raises:
            SlideUnreadable: It is not there, may not be read, or does not fit into a slide cache.
            ParametersUnusable: The tenant's slides are somewhere else by now.
        """
        if not is_remote(at):
            return True
        store = self.slide_store
        with self._told(at):
            size, most = store.stat(self._below(store, at)).size, settings().slide_cache_bytes
        if size > most:
            raise SlideUnreadable(
                f"slide {at} has {size} bytes, and the slide cache may hold {most}: raise "
                "SLIDELOOM_SLIDE_CACHE_BYTES on all machines"
            )
        return False

    @contextmanager
    def _told(self, at: str) -> Iterator[None]:
        """Say of what a store misses, or refuses, which slide it is."""
        try:
            yield
        except FileNotFoundError as error:
            raise SlideUnreadable(f"slide {at} does not exist") from error
        except PermissionError as error:
            raise SlideUnreadable(
                f"slide {at} may not be read with the key of tenant {self.id}: {error}"
            ) from error

    @contextmanager
    def slide_file(self, at: str, go_on: Callable[[], None] = always) -> Iterator[Path]:
        """What is at such an address, as a file of this machine; blocks while it is fetched.

        Args:
            at: The address.
            go_on: Called again and again meanwhile; what it raises ends the fetch.

        Raises:
            SlideUnreadable: It is not there, or may not be read.
            ParametersUnusable: The tenant's slides are somewhere else by now.
        """
        if not is_remote(at):
            yield Path(at)
            return
        store = self.slide_store
        with ExitStack() as stack:
            with self._told(at):
                found = default_cache().open(store, self._below(store, at), go_on)
                path = stack.enter_context(found)
            yield path

    def result_place(self, at: str) -> Store:
        """The store that a job's result at such an address in S3 is.

        Raises:
            ParametersUnusable: The tenant's results are somewhere else by now.
        """
        store = self.result_store
        return store.below(self._below(store, at))

    def _below(self, store: Store, at: str) -> str:
        """An address relative to the store's root."""
        root = f"{store.root}/"
        if not at.startswith(root):
            raise ParametersUnusable(
                f"{at} is not below {store.root}, where the files of tenant {self.id} are now: "
                "submit the workflow again"
            )
        return at.removeprefix(root)

    def result_folder(self, workflow: object, branch: int, index: int) -> Path:
        """Folder of a job's result.

        Args:
            workflow: Id of the workflow.
            branch: Number of the branch in the workflow, from 0.
            index: Number of the job in its branch, from 0.

        Raises:
            BlockUnusable: The tenant's results are in S3.
            ParametersUnusable: The id or a number makes no safe folder name.
        """
        return result_path(self.results, workflow, branch, index)


def _folder(store: Store, whose: str) -> Path:
    """The local folder of a store, for what cannot do without."""
    if isinstance(store.root, S3Root):
        raise BlockUnusable(
            f"the {whose} are in S3 ({store.root}), and this step works on local folders only "
            "for now: give a local folder with `slideloom tenants add`"
        )
    return store.root.folder
