"""Reading one object: over cut connections, never two versions mixed, its digest compared."""

import hashlib
import time
from typing import Any

from slideloom.stores.base import CHUNK_BYTES, Entry, Sink
from slideloom.stores.errors import StoreChanged, StoreFailed
from slideloom.stores.s3_connection import CUT, code, read_from
from slideloom.stores.s3_object import SHA256, S3Object, plain_md5
from slideloom.stores.tries import pauses

_BEYOND = {"InvalidRange", "416"}
_CHANGED = {"PreconditionFailed", "412", *_BEYOND}


class Reading:
    """One copy of one object into a stream; where the connection breaks off it is taken up again.

    Args:
        source: The object.
        sink: Empty, seekable stream.
        version: ETag that it must have; None: the one that it has.
    """

    def __init__(self, source: S3Object, sink: Sink, version: str | None) -> None:
        """Nothing is read yet."""
        self._source = source
        self._sink = sink
        self._version = version
        self._begin()

    def run(self, name: str) -> Entry:
        """Copy all of it.

        What we wrote is compared with the SHA-256 in its metadata, what others wrote with its ETag
        where that is the content's MD5, and everything with its length.

        Raises:
            FileNotFoundError: It is not there.
            StoreChanged: It is not of the version.
            StoreFailed: All attempts broke off, or brought other bytes than were written.
        """
        why = ""
        for pause_s in pauses(self._source.options.tries):
            time.sleep(pause_s)
            try:
                cut = self._go_on()
            except StoreChanged:
                if self._version is not None:
                    raise
                self._begin()
                continue
            if cut or self._done != self._size:
                why = f"it broke off after {self._done} of {self._size} bytes {cut}".rstrip()
            elif not self._is_right():
                why = "other bytes arrived than were written"
                self._begin()
            else:
                return Entry(name, self._size, self._etag or "")
        raise StoreFailed(
            f"{self._source} could not be read ({why}): check the network; if that is well, the "
            "object is damaged: write it again"
        )

    def _begin(self) -> None:
        self._sink.seek(0)
        self._sink.truncate()
        self._etag = self._version
        self._done = self._size = 0
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._expected: tuple[str | None, str | None] = (None, None)

    def _go_on(self) -> str:
        """Read from where it broke off; why it breaks off again, or nothing."""
        body = self._request()["Body"]
        try:
            while chunk := _next(self._source, body):
                self._sink.write(chunk)
                self._sha256.update(chunk)
                self._md5.update(chunk)
                self._done += len(chunk)
        except _Cut as cut:
            return f"({cut})"
        finally:
            body.close()
        return ""

    def _request(self) -> dict[str, Any]:
        """The answer whose body begins at what is still missing.

        Raises:
            StoreChanged: There is another version now.
        """
        begin = f"bytes={self._done}-" if self._done else None
        try:
            answer = self._source.call("get_object", IfMatch=self._etag, Range=begin)
        except OSError as error:
            if code(error) in _CHANGED:
                raise self._changed() from error
            raise
        if self._etag not in {None, answer["ETag"]}:
            raise self._changed()
        if begin is None or not str(answer.get("ContentRange", "")).startswith(
            f"bytes {self._done}-"
        ):
            self._begin()
            self._etag, self._size = answer["ETag"], answer["ContentLength"]
            self._expected = (answer.get("Metadata", {}).get(SHA256), plain_md5(answer))
        return answer

    def _changed(self) -> StoreChanged:
        return StoreChanged(f"{self._source} has been replaced meanwhile: try again")

    def _is_right(self) -> bool:
        sha256, md5 = self._expected
        if sha256 is not None:
            return sha256 == self._sha256.hexdigest()
        return md5 in {None, self._md5.hexdigest()}


class _Cut(Exception):
    """A body broke off; requests that fail are no matter of ours, botocore has tried them again."""


def _next(source: S3Object, body: Any) -> bytes:
    try:
        return read_from(source.options, body, CHUNK_BYTES)
    except CUT as error:
        raise _Cut(repr(error)) from error


def _all_of(source: S3Object, body: Any) -> bytes:
    parts = list[bytes]()
    while chunk := _next(source, body):
        parts.append(chunk)
    return b"".join(parts)


def read_piece(source: S3Object, offset: int, length: int) -> bytes:
    """A piece of an object; shorter, or empty, where that ends before.

    Raises:
        FileNotFoundError: It is not there.
        StoreFailed: All attempts broke off.
    """
    why = ""
    for pause_s in pauses(source.options.tries):
        time.sleep(pause_s)
        try:
            answer = source.call("get_object", Range=f"bytes={offset}-{offset + length - 1}")
        except OSError as error:
            if code(error) in _BEYOND:
                return b""
            raise
        body = answer["Body"]
        try:
            return _all_of(source, body)
        except _Cut as cut:
            why = str(cut)
        finally:
            body.close()
    raise StoreFailed(f"{source} could not be read ({why}): check the network, then try again")
