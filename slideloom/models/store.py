"""The model store: which TorchScript files may be loaded, known by their SHA-256.

Loading a TorchScript runs the code that it holds. So a file is loaded only if its digest stands in
a record that the user confirmed, or that ships with slideloom, and the bytes that were hashed are
the bytes that are loaded. Nothing here imports torch.

    <root>/<name>/<version>/{instanseg.pt, model.json}
"""

import os
import shlex
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from slideloom.errors import ModelUnavailable
from slideloom.models.archive import torchscript_in
from slideloom.models.fetch import Limits, download
from slideloom.models.files import ModelFile, is_path, read_bounded, recorded, write_whole
from slideloom.models.published import published_models
from slideloom.models.records import (
    MODEL_FILE,
    RECORD_FILE,
    ModelRecord,
    PublishedModel,
    check_name,
    name_from,
    read_record,
    sha256_of,
)

SHIPPED_MODEL = "slideloom_nuclei_small"
ENVIRONMENT = "SLIDELOOM_MODEL_STORE"
_SHIPPED = Path(__file__).parent.parent / "weights"
_RESERVED = {"oracle", SHIPPED_MODEL}


@dataclass(frozen=True, slots=True)
class Offer:
    """What the user is asked to confirm before anything is recorded."""

    name: str
    version: str
    address: str
    licence: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Listing:
    """What can be asked for: shipped, added by the user, and published but not added."""

    shipped: list[ModelRecord]
    added: list[ModelRecord]
    available: list[PublishedModel]


def default_root() -> Path:
    """`SLIDELOOM_MODEL_STORE`, or `slideloom/models` in the user's data folder (XDG)."""
    if stated := os.environ.get(ENVIRONMENT):
        return Path(stated).expanduser()
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data) / "slideloom" / "models"


class ModelStore:
    """Recorded models in a folder. Several processes may use one store at a time.

    Args:
        root: The folder; made when the first model is added. None takes `default_root()`.
        index_url_override: Another index of published models; None takes InstanSeg's own.
        shipped: Folder of the models that come with slideloom.
        limits: Bounds of downloads and of model files.
    """

    def __init__(
        self,
        root: Path | None = None,
        index_url_override: str | None = None,
        shipped: Path = _SHIPPED,
        limits: Limits | None = None,
    ) -> None:
        """Touch nothing yet."""
        self.root = root if root is not None else default_root()
        self._index_url = index_url_override
        self._shipped = shipped
        self._limits = limits or Limits()

    def list(self) -> Listing:
        """Every model by where it stands.

        Raises:
            ModelUnavailable: A record is damaged, or the index cannot be read.
        """
        added = [file.record for file in recorded(self.root)]
        have = {(record.name, record.version) for record in added}
        available = [m for m in self._published() if (m.name, m.version) not in have]
        return Listing([file.record for file in recorded(self._shipped)], added, available)

    def here(self) -> Sequence[ModelRecord]:
        """Models that jobs can use: those shipped, then those added.

        Raises:
            ModelUnavailable: A record is damaged.
        """
        return [file.record for root in (self._shipped, self.root) for file in recorded(root)]

    def resolve(self, name_or_path: str) -> ModelFile:
        """The recorded file of a model, by name, `name@version`, or path.

        Of several versions under a plain name the one recorded last is taken.

        Raises:
            ModelUnavailable: Unknown, not added, or not the file that was recorded; the message
                names the command that helps.
        """
        file = (
            self._by_path(Path(name_or_path))
            if is_path(name_or_path)
            else self._by_name(name_or_path)
        )
        file.read()
        return file

    def add(
        self, name: str, file: Path | None = None, confirm: Callable[[Offer], bool] | None = None
    ) -> ModelRecord:
        """Record a model, after the user has seen where it comes from and what it is.

        Args:
            name: A published model's name; a name of one's own together with `file`; or a path.
            file: A published zip or a TorchScript that is here already; None downloads.
            confirm: Shown the offer; only True records. Without it nothing can be recorded.

        Returns:
            The record; the one that is there already if the same file was added before.

        Raises:
            ModelUnavailable: Not confirmed, not to be had, or not what was recorded before.
        """
        if file is None and is_path(name):
            file = Path(name)
            name = self._own_name(file)
        check_name(name)
        if name in _RESERVED:
            raise ModelUnavailable(f"the name {name} belongs to slideloom: choose another one")
        entry = next((m for m in self._published() if m.name == name), None)
        if file is None and entry is None:
            raise ModelUnavailable(self._unknown(name))
        if file is None and entry is not None and (known := self._intact(entry)):
            return known
        content, record = self._fetch(name, file, entry)
        offer = Offer(
            record.name,
            record.version,
            record.source,
            record.licence,
            record.sha256,
            record.size_bytes,
        )
        if confirm is None or not confirm(offer):
            raise ModelUnavailable(f"{name} was not confirmed: nothing was recorded")
        return self._record(content, record)

    def note_measured(self, file: ModelFile, receptive_field_px: int) -> None:
        """Keep a measured receptive field in the record, so that it is measured once.

        Raises:
            OSError: The store cannot be written.
        """
        folder = self.root / file.record.name / file.record.version
        if folder.is_dir():  # a shipped model's record is not ours to write
            record = file.record.model_copy(update={"receptive_field_px": receptive_field_px})
            write_whole(folder / RECORD_FILE, record.as_json().encode())

    @property
    def _add(self) -> str:
        """The command that adds a model to this store."""
        elsewhere = f"{ENVIRONMENT}={shlex.quote(str(self.root))} "
        return f"{'' if self.root == default_root() else elsewhere}slideloom models add"

    def _published(self) -> Sequence[PublishedModel]:
        return published_models(self._index_url)

    def _by_path(self, path: Path) -> ModelFile:
        try:
            digest = sha256_of(path.read_bytes())
        except OSError as error:
            raise ModelUnavailable(f"the model file cannot be read: {error}") from error
        for known in (*recorded(self.root), *recorded(self._shipped)):
            if known.record.sha256 == digest:
                return ModelFile(path, known.record)
        raise ModelUnavailable(
            f"{path} (SHA-256 {digest}) is not recorded; loading a model runs its code. If you "
            f"trust it: {self._add} {path}"
        )

    def _by_name(self, asked: str) -> ModelFile:
        name, _, version = asked.partition("@")
        check_name(name)
        found = [
            known
            for root in (self._shipped, self.root)
            for known in recorded(root, name)
            if version in ("", known.record.version)
        ]
        if found:
            return max(found, key=lambda known: known.record.recorded_at or "")
        if any(entry.name == name for entry in self._published()):
            raise ModelUnavailable(
                f"{asked} is published but not added yet: {self._add} {name} (without a network: "
                f"{self._add} {name} --file {name}.zip), or use --model {SHIPPED_MODEL}"
            )
        raise ModelUnavailable(self._unknown(asked))

    def _unknown(self, name: str) -> str:
        listing = self.list()
        here = sorted({record.name for record in (*listing.shipped, *listing.added)})
        published = sorted({entry.name for entry in listing.available})
        return (
            f"no model is called {name!r}. Here: {', '.join(here) or 'none'}. To be added with "
            f"{self._add} NAME: {', '.join(published) or 'none'}. A file of your own: "
            f"{self._add} ./model.pt"
        )

    def _own_name(self, path: Path) -> str:
        name = name_from(path)
        if name in {entry.name for entry in self._published()} | _RESERVED:
            raise ModelUnavailable(
                f"{path} would take the name of another model, {name}. If it is that one: "
                f"{self._add} {name} --file {path}; if not, rename the file"
            )
        return name

    def _intact(self, entry: PublishedModel) -> ModelRecord | None:
        """The record of a published model that is here and unchanged."""
        for known in recorded(self.root, entry.name):
            if known.record.version == entry.version:
                try:
                    known.read()
                except ModelUnavailable:
                    return None  # fetched again; only the recorded digest is accepted
                return known.record
        return None

    def _fetch(
        self, name: str, file: Path | None, entry: PublishedModel | None
    ) -> tuple[bytes, ModelRecord]:
        """The model's bytes, from the file or the network, and the record they would get."""
        if file is not None:
            source = str(file.absolute())
            packed = read_bounded(file, self._limits.size_bytes)
        elif entry is not None:
            source, packed = entry.url, download(entry.url, self._limits)
        content = torchscript_in(packed, source, self._limits.size_bytes)
        digest = sha256_of(content)
        record = ModelRecord(
            name=name,
            version=entry.version if entry else digest[:12],
            sha256=digest,
            size_bytes=len(content),
            licence=entry.license if entry else "not stated",
            source=source,
            recorded_at=datetime.now(UTC).isoformat(timespec="microseconds"),
        )
        return content, record

    def _record(self, content: bytes, record: ModelRecord) -> ModelRecord:
        """Put file and record in place, both or neither; whoever comes second finds the first."""
        target = self.root / record.name / record.version
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            staged = Path(tempfile.mkdtemp(prefix=".adding-", dir=self.root))
            try:
                write_whole(staged / MODEL_FILE, content)
                write_whole(staged / RECORD_FILE, record.as_json().encode())
                staged.chmod(0o755)
                staged.rename(target)
            except OSError:
                if not target.is_dir():
                    raise
                return self._second(content, record, target)
            finally:
                shutil.rmtree(staged, ignore_errors=True)
        except OSError as error:
            raise ModelUnavailable(
                f"the model store {self.root} cannot be written ({error}): choose another with "
                f"{ENVIRONMENT}"
            ) from error
        return record

    def _second(self, content: bytes, record: ModelRecord, target: Path) -> ModelRecord:
        """The record that is there; its file is mended if it was damaged."""
        known = ModelFile(target / MODEL_FILE, read_record(target))
        if known.record.sha256 != record.sha256:
            raise ModelUnavailable(
                f"{record.name} {record.version} was recorded with SHA-256 {known.record.sha256}, "
                f"but {record.source} gives {record.sha256}. Nothing was changed; if you trust the "
                f"new file, delete {target} and add it again"
            )
        write_whole(known.path, content)
        return known.record
