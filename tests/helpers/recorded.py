"""Puts a model into a store without asking, for tests of what comes after."""

from pathlib import Path

from slideloom.models.files import ModelFile
from slideloom.models.records import MODEL_FILE, RECORD_FILE, ModelRecord, sha256_of


def record_model(
    root: Path, content: bytes, name: str = "tiny", receptive_field_px: int | None = 95
) -> ModelFile:
    """A recorded file `<root>/<name>/1/instanseg.pt`."""
    folder = root / name / "1"
    folder.mkdir(parents=True, exist_ok=True)
    record = ModelRecord(
        name=name,
        version="1",
        sha256=sha256_of(content),
        size_bytes=len(content),
        licence="Apache-2.0",
        receptive_field_px=receptive_field_px,
    )
    (folder / MODEL_FILE).write_bytes(content)
    (folder / RECORD_FILE).write_text(record.as_json())
    return ModelFile(folder / MODEL_FILE, record)
