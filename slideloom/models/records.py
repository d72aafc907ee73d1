"""What is known of a model: the record beside its file, and an entry of InstanSeg's index."""

import hashlib
import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from slideloom.errors import ModelUnavailable

MODEL_FILE = "instanseg.pt"
RECORD_FILE = "model.json"
_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,63}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class ModelRecord(BaseModel):
    """The content of `model.json`; fields that we do not know are kept.

    Attributes:
        name: Name under which the model is asked for.
        version: Version; for a file of the user's own the first 12 digits of its digest.
        sha256: SHA-256 of the TorchScript file, hex. The file is loaded only if it has this one.
        size_bytes: Length of the file (`bytes` in the JSON).
        licence: Licence as its publisher states it.
        source: Where it came from: an address or a path.
        pixel_size_um: µm per pixel; None until somebody has loaded it.
        receptive_field_px: How far an input pixel reaches in the logits; None until measured.
        stride_px: Tile origins must be multiples of this; None where not stated.
        largest_object_px: Largest extent of an object; None where not stated.
        recorded_at: When the user confirmed it (ISO 8601, UTC); None for a shipped model.
        created: When it was made, where its maker says so.
    """

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)

    name: str = Field(pattern=f"^{_NAME.pattern}$")
    version: str = Field(pattern=f"^{_VERSION.pattern}$")
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size_bytes: int = Field(alias="bytes", gt=0)
    licence: str = "not stated"
    source: str = "not stated"
    pixel_size_um: float | None = Field(default=None, gt=0)
    receptive_field_px: int | None = Field(default=None, ge=0)
    stride_px: int | None = Field(default=None, ge=1)
    largest_object_px: int | None = Field(default=None, ge=1)
    recorded_at: str | None = None
    created: str | None = None

    def as_json(self) -> str:
        """The text of `model.json`."""
        return self.model_dump_json(by_alias=True, indent=2, exclude_none=True) + "\n"


class PublishedModel(BaseModel):
    """One entry of InstanSeg's index; the index names no digest."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str = Field(pattern=f"^{_NAME.pattern}$")
    url: str
    version: str = Field(pattern=f"^{_VERSION.pattern}$")
    license: str = "not stated"


def check_name(name: str) -> str:
    """The name, if it can be one; it becomes a folder's name, so nothing else is let through.

    Raises:
        ModelUnavailable: It cannot.
    """
    if not _NAME.fullmatch(name):
        raise ModelUnavailable(
            f"{name!r} cannot be a model's name: use a-z, 0-9 and _, at most 64 of them"
        )
    return name


def name_from(path: Path) -> str:
    """A model's name made of a file's name: `My model-2.pt` gives `my_model_2`."""
    return check_name(re.sub(r"[^a-z0-9]+", "_", path.stem.lower()).strip("_")[:64])


def read_record(folder: Path) -> ModelRecord:
    """The record in a model's folder, which must agree with the folder's own names.

    Raises:
        ModelUnavailable: It is missing, damaged, or another model's.
    """
    path = folder / RECORD_FILE
    try:
        record = ModelRecord.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ModelUnavailable(
            f"{path} is no model record ({type(error).__name__}): delete the folder {folder} and "
            "add the model again"
        ) from error
    if (record.name, record.version) != (folder.parent.name, folder.name):
        raise ModelUnavailable(
            f"{path} is the record of {record.name} {record.version}, not of what its folder says"
        )
    return record


def sha256_of(content: bytes) -> str:
    """SHA-256, hex."""
    return hashlib.sha256(content).hexdigest()
