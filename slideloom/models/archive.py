"""Takes the TorchScript out of a published archive, and nothing else.

A published model is a zip in the BioImage.IO layout: `instanseg.pt` beside its description, test
images and documentation. A TorchScript file is itself a zip, whose entries lie in one folder with a
`constants.pkl`; both are told apart by that. Nothing is ever unpacked to the disk under a name from
the archive, so no entry can lead out of a folder; sizes are bounded while reading, not believed.
"""

import zipfile
import zlib
from io import BytesIO
from pathlib import PurePosixPath

from slideloom.errors import ModelUnavailable
from slideloom.models.records import MODEL_FILE

_MOST_ENTRIES = 100_000
_CHUNK = 1 << 20


def torchscript_in(content: bytes, where: str, limit_bytes: int) -> bytes:
    """The TorchScript file that `content` is or holds.

    Args:
        content: A zip of the published layout, or a TorchScript file.
        where: Address or path, for messages.
        limit_bytes: Largest file that is taken.

    Raises:
        ModelUnavailable: Neither of the two, several models in one, damaged, or too large.
    """
    names = _entries(content, where)
    if _is_torchscript(names):
        if len(content) > limit_bytes:
            raise ModelUnavailable(f"{where} is larger than the limit of {limit_bytes} bytes")
        return content
    found = [name for name in names if PurePosixPath(name).name == MODEL_FILE]
    if len(found) != 1:
        raise ModelUnavailable(
            f"{where} holds {len(found)} files named {MODEL_FILE} instead of one: it is no "
            "published InstanSeg model"
        )
    if PurePosixPath(found[0]).is_absolute() or ".." in PurePosixPath(found[0]).parts:
        raise ModelUnavailable(f"{where} has an entry that leads out of it: {found[0]!r}")
    model = _read(content, found[0], where, limit_bytes)
    if not _is_torchscript(_entries(model, f"{MODEL_FILE} in {where}")):
        raise ModelUnavailable(f"{MODEL_FILE} in {where} is no TorchScript")
    return model


def _entries(content: bytes, where: str) -> list[str]:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, ValueError, EOFError) as error:
        raise ModelUnavailable(
            f"{where} is neither a zip of a published model nor a TorchScript, or was cut short"
        ) from error
    if len(names) > _MOST_ENTRIES:
        raise ModelUnavailable(f"{where} has {len(names)} entries: it is no model")
    return names


def _is_torchscript(names: list[str]) -> bool:
    """Whether these are a TorchScript's entries: `constants.pkl` and code in one top folder."""
    tops = {name.split("/", 1)[0] for name in names}
    if len(tops) != 1:
        return False
    top = next(iter(tops))
    return f"{top}/constants.pkl" in names and any(n.startswith(f"{top}/code/") for n in names)


def _read(content: bytes, name: str, where: str, limit_bytes: int) -> bytes:
    """One entry, its checksum verified, given up as soon as it passes the limit."""
    parts: list[bytes] = []
    length = 0
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive, archive.open(name) as entry:
            while chunk := entry.read(_CHUNK):
                length += len(chunk)
                if length > limit_bytes:
                    raise ModelUnavailable(
                        f"{name} in {where} unpacks to more than {limit_bytes} bytes"
                    )
                parts.append(chunk)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise ModelUnavailable(f"{name} in {where} is damaged: {error}") from error
    return b"".join(parts)
