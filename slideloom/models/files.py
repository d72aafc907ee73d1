"""A recorded model file, and how files get into a store's folders."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from slideloom.errors import ModelUnavailable
from slideloom.models.records import MODEL_FILE, RECORD_FILE, ModelRecord, read_record, sha256_of


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A recorded file."""

    path: Path
    record: ModelRecord

    def read(self) -> bytes:
        """The file's bytes, once they have been found to be the recorded ones.

        Raises:
            ModelUnavailable: The file is gone or has changed.
        """
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise ModelUnavailable(f"the model file cannot be read: {error}") from error
        digest = sha256_of(content)
        if digest != self.record.sha256:
            raise ModelUnavailable(
                f"{self.path} is not the file that was recorded: SHA-256 {digest}, recorded "
                f"{self.record.sha256}. Find out who changed it; then add the model again"
            )
        return content


def is_path(name_or_path: str) -> bool:
    """Whether a model is asked for by path: it has a separator, or ends in .pt or .zip."""
    return os.sep in name_or_path or Path(name_or_path).suffix.lower() in (".pt", ".zip")


def recorded(root: Path, name: str = "*") -> Iterator[ModelFile]:
    """Recorded models under a folder, by name and version; half-made folders start with a dot."""
    for path in sorted(root.glob(f"{name}/*/{RECORD_FILE}")):
        folder = path.parent
        if not folder.parent.name.startswith(".") and not folder.name.startswith("."):
            yield ModelFile(folder / MODEL_FILE, read_record(folder))


def read_bounded(path: Path, limit_bytes: int) -> bytes:
    """The file's bytes.

    Raises:
        ModelUnavailable: It cannot be read, or is larger than the limit.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(limit_bytes + 1)
    except OSError as error:
        raise ModelUnavailable(f"the model file cannot be read: {error}") from error
    if len(content) > limit_bytes:
        raise ModelUnavailable(f"{path} is larger than the limit of {limit_bytes} bytes")
    return content


def write_whole(path: Path, content: bytes) -> None:
    """Whole or not at all: a temporary name in the same folder, then a rename.

    Raises:
        OSError: The folder cannot be written, or its disk is full.
    """
    handle, name = tempfile.mkstemp(prefix=".", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
