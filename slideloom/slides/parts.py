"""Which files a slide consists of."""

from pathlib import Path

DICOM_MAGIC_AT = 128
DICOM_MAGIC = b"DICM"
INDEX_ENDINGS = (".vms", ".vmu")
"""Files that name the slide's images."""


def slide_files(path: Path, vendor: str) -> tuple[Path, ...]:
    """Every file of a slide that OpenSlide names `vendor`, sorted.

    MIRAX keeps its pixels in a folder beside the `.mrxs` file; a Hamamatsu `.vms` or `.vmu` names
    its images; of DICOM, OpenSlide searches the whole folder, so all DICOM files there count.
    Other formats are one file.
    """
    found = {path}
    if vendor == "mirax":
        found |= {part for part in path.with_suffix("").rglob("*") if part.is_file()}
    elif path.suffix.lower() in INDEX_ENDINGS:
        found |= _named_in(path)
    elif vendor == "dicom":
        found |= {part for part in path.parent.iterdir() if part.is_file() and _is_dicom(part)}
    return tuple(sorted(found))


def names_in_index(text: str) -> set[str]:
    """Plain file names that an INI file has as values."""
    values = {line.partition("=")[2].strip() for line in text.splitlines() if "=" in line}
    return {value for value in values if value and Path(value).name == value}


def _named_in(path: Path) -> set[Path]:
    """Files of the same folder that an INI file names as values."""
    named = names_in_index(path.read_text(encoding="utf-8", errors="replace"))
    return {path.parent / value for value in named if (path.parent / value).is_file()}


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(DICOM_MAGIC_AT)
        return file.read(4) == DICOM_MAGIC
