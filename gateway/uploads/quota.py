"""How much a tenant may still upload. The arithmetic is pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.problems import Problem
from gateway.slides.ids import CARD, UPLOADS, began_s, is_uploaded
from slideloom.stores import Entry

_BUSY_S = 30
_ORPHAN_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Quota:
    """What one tenant may have.

    Attributes:
        upload_bytes: In one upload.
        bytes: In all uploads.
        slides: Uploaded slides.
        open_uploads: Uploads on their way.
    """

    upload_bytes: int
    bytes: int
    slides: int
    open_uploads: int


@dataclass(frozen=True, slots=True)
class Used:
    """What a tenant has.

    Attributes:
        bytes: In accepted uploads.
        slides: Accepted uploads.
        staged: Bytes that each upload on its way has or was begun with.
    """

    bytes: int
    slides: int
    staged: tuple[int, ...] = ()


def used_by(entries: Iterable[Entry], staged: Iterable[int] = ()) -> Used:
    """What is used, from what lies below `uploads/`."""
    listed = list(entries)
    slides = sum(entry.name.endswith(f"/{CARD}") for entry in listed)
    return Used(sum(entry.size for entry in listed), slides, tuple(staged))


def room_for(quota: Quota, used: Used, declared: int | None) -> int:
    """How many bytes an upload that begins may have.

    Args:
        quota: What the tenant may have.
        used: What it has.
        declared: What it says that it will send; None: it does not say.

    Raises:
        Problem: Too many, or there is no room at all.
    """
    if declared is not None and declared > quota.upload_bytes:
        raise Problem(
            413,
            "upload_too_large",
            f"{declared} bytes are more than the {quota.upload_bytes} that one upload may have",
        )
    if len(used.staged) >= quota.open_uploads:
        raise Problem(
            429,
            "too_many_uploads",
            f"{quota.open_uploads} of your uploads are not finished: finish or delete them first",
            {"Retry-After": str(_BUSY_S)},
        )
    if used.slides + len(used.staged) >= quota.slides:
        raise quota_exceeded(f"you may upload {quota.slides} slides: delete some first")
    left = quota.bytes - used.bytes - sum(used.staged)
    if left < max(declared or 0, 1):
        raise quota_exceeded(
            f"{max(left, 0)} of your {quota.bytes} bytes for uploads are left: delete slides first"
        )
    return min(left, quota.upload_bytes) if declared is None else declared


def check_kept(quota: Quota, used: Used, size: int) -> None:
    """Whether an upload that has come may be kept; others may have been quicker.

    Raises:
        Problem: There is no room for it any more.
    """
    if used.slides >= quota.slides or used.bytes + size > quota.bytes:
        raise quota_exceeded("other uploads have taken the room: delete slides, then try again")


def quota_exceeded(detail: str) -> Problem:
    """The tenant has all that it may have."""
    return Problem(413, "quota_exceeded", detail)


def orphans(entries: Iterable[Entry], now_s: float) -> set[str]:
    """Uploads without a card that began a day ago: whoever stored them was killed between."""
    parts = [entry.name.split("/") for entry in entries]
    there = {part[1] for part in parts if len(part) >= 3 and part[0] == UPLOADS}
    whole = {part[1] for part in parts if len(part) == 3 and part[2] == CARD}
    lost = filter(is_uploaded, there - whole)
    return {upload for upload in lost if now_s - began_s(upload) > _ORPHAN_S}
