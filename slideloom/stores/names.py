"""Which names things may have in a store, and which roots a store may have.

One rule for every kind of store, so that what one takes every other takes: a name is a relative
POSIX path of UTF-8 text that a local disk, an S3 key and S3's XML can all carry.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from slideloom.errors import BadInput

WRITING = ".slideloom-writing-"
"""How the names of half-written local files begin; no other name may begin so."""
_SEGMENT_BYTES = 255
_NAME_BYTES = 1024
_NO_XML = re.compile("[\x00-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


class NameRefused(BadInput):
    """No store can hold something of this name."""


class RootRefused(BadInput):
    """This is no place for a store."""


@dataclass(frozen=True, slots=True)
class LocalRoot:
    """An absolute local folder."""

    folder: Path

    def __str__(self) -> str:
        return str(self.folder)

    def below(self, name: str) -> "LocalRoot":
        """The root at a relative name in this one."""
        return LocalRoot(self.folder / check_name(name))


@dataclass(frozen=True, slots=True)
class S3Root:
    """A bucket and a prefix in it, without slashes at its ends; perhaps empty."""

    bucket: str
    prefix: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def below(self, name: str) -> "S3Root":
        """The root at a relative name in this one."""
        return S3Root(self.bucket, self.key(check_name(name)))

    def key(self, name: str) -> str:
        """The key of a name.

        Raises:
            NameRefused: S3 has no keys of this length.
        """
        key = f"{self.prefix}/{name}" if self.prefix else name
        if len(key.encode()) > _NAME_BYTES:
            raise NameRefused(
                f"{self}/{name} is longer than the {_NAME_BYTES} bytes of an S3 key: use a "
                "shorter name or prefix"
            )
        return key


Root = LocalRoot | S3Root


def check_name(name: str) -> str:
    """The name, if every store can hold something of it.

    Raises:
        NameRefused: It is empty, absolute, has an empty segment, `.` or `..`, characters that
            cannot be carried, or is too long.
    """
    for segment in name.split("/"):
        why = _wrong(segment)
        if why:
            raise NameRefused(
                f"{name!r} {why}: names are relative paths such as tiles/7.npy, without '..'"
            )
    if len(name.encode()) > _NAME_BYTES:
        raise NameRefused(f"{name[:80]!r}… is longer than {_NAME_BYTES} bytes: use a shorter name")
    return name


def is_name(name: str) -> bool:
    """Whether every store can hold something of this name."""
    try:
        check_name(name)
    except NameRefused:
        return False
    return True


def _wrong(segment: str) -> str | None:
    if not segment:
        return "is empty, absolute, or has an empty part"
    if segment in {".", ".."}:
        return f"has the part {segment!r}"
    if _NO_XML.search(segment):
        return "has a character that cannot be stored"
    if segment.startswith(WRITING):
        return f"begins as half-written files do ({WRITING})"
    if len(segment.encode()) > _SEGMENT_BYTES:
        return f"has a part longer than {_SEGMENT_BYTES} bytes"
    return None


def parse_root(stated: str) -> Root:
    """The root that an absolute path, a `file://` or an `s3://bucket/prefix` URL names.

    Raises:
        RootRefused: It is something else, relative, or could mean two things.
    """
    if not _SCHEME.match(stated):
        return _local(stated, stated)
    try:
        url = urlsplit(stated)
    except ValueError as error:
        raise RootRefused(f"{stated!r} is no URL ({error})") from error
    if url.scheme == "s3":
        return _s3(stated)
    if url.scheme != "file":
        raise RootRefused(f"{stated!r}: give an absolute folder, a file:// or an s3:// URL")
    if url.netloc not in {"", "localhost"} or url.query or url.fragment:
        raise RootRefused(f"{stated!r} must name a folder of this machine: file:///data/slides")
    return _local(stated, unquote(url.path))


def _local(stated: str, path: str) -> LocalRoot:
    if "\0" in path or not Path(path).is_absolute():
        raise RootRefused(f"{stated!r} must be an absolute folder, such as /data/slides")
    return LocalRoot(Path(path))


def _s3(stated: str) -> S3Root:
    """Not through urlsplit: in a URL `?`, `#` and `%` are signs, in a key they are letters."""
    bucket, _, prefix = stated[len("s3:") :].removeprefix("//").partition("/")
    if not stated[len("s3:") :].startswith("//") or not _BUCKET.fullmatch(bucket):
        raise RootRefused(f"{stated!r} must name a bucket: s3://bucket/prefix")
    prefix = prefix.rstrip("/")
    if any(sign in prefix for sign in "?#%"):
        raise RootRefused(f"{stated!r}: a prefix has no '?', '#' or '%', they would be ambiguous")
    try:
        return S3Root(bucket, check_name(prefix) if prefix else "")
    except NameRefused as error:
        raise RootRefused(f"{stated!r}: {error}") from error
