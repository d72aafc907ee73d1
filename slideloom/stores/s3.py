"""A store in a bucket of S3, or of what speaks like it."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from slideloom.stores.base import Entry, Sink, Source
from slideloom.stores.errors import StoreFailed
from slideloom.stores.names import S3Root, is_name
from slideloom.stores.options import S3Options
from slideloom.stores.s3_connection import call, told
from slideloom.stores.s3_object import S3Object
from slideloom.stores.s3_reading import Reading, read_piece
from slideloom.stores.s3_writing import Writing

AT_ONCE = 1000
"""Objects that S3 lists or removes in one request."""


class S3Place:
    """Objects below a prefix. S3 itself shows an object whole or not at all.

    Requests go through s3fs by bucket and key, not by path: in a path s3fs reads `?versionId=`,
    and its own reads ask for size and content apart, so that two versions may mix.
    """

    def __init__(self, root: S3Root, options: S3Options) -> None:
        """Nothing is asked yet."""
        self._root = root
        self._options = options

    def write(self, name: str, source: Source, only_if_absent: bool) -> Entry | None:
        """See `Place`."""
        target = self._object(name)
        with told(str(target)):
            return Writing(target, source).run(name, only_if_absent)

    def copy_to(self, name: str, sink: Sink, version: str | None) -> Entry:
        """See `Place`."""
        source = self._object(name)
        with told(str(source)):
            return Reading(source, sink, version).run(name)

    def read_at(self, name: str, offset: int, length: int) -> bytes:
        """See `Place`."""
        source = self._object(name)
        with told(str(source)):
            return read_piece(source, offset, length)

    def stat(self, name: str) -> Entry:
        """See `Place`."""
        source = self._object(name)
        with told(str(source)):
            answer = source.call("head_object")
        return Entry(name, answer["ContentLength"], answer["ETag"])

    def list_below(self, prefix: str) -> list[Entry]:
        """See `Place`; keys that are no names (folders' marks, `a//b`) are left out."""
        with told(str(self._root)):
            found = [(self._name(item["Key"]), item) for item in self._items(prefix)]
        return [Entry(name, item["Size"], item["ETag"]) for name, item in found if is_name(name)]

    def remove(self, name: str) -> None:
        """See `Place`."""
        target = self._object(name)
        with told(str(target)):
            target.call("delete_object")

    def remove_below(self, prefix: str) -> None:
        """See `Place`."""
        with told(f"{self._root}/{prefix}"):
            keys = iter([item["Key"] for item in self._items(prefix)])
            while some := list(islice(keys, AT_ONCE)):
                objects = [{"Key": key} for key in some]
                wanted = {"Objects": objects, "Quiet": True}
                answer = self._call("delete_objects", Delete=wanted)
                for refused in answer.get("Errors", []):
                    _complain(f"s3://{self._root.bucket}/{refused['Key']}", refused)

    def _items(self, prefix: str) -> Iterator[dict[str, Any]]:
        """What S3 lists below a folder, page by page."""
        top = "/".join(part for part in (self._root.prefix, prefix) if part)
        token: str | None = None
        while True:
            page = self._call(
                "list_objects_v2",
                Prefix=f"{top}/" if top else None,
                ContinuationToken=token,
                MaxKeys=AT_ONCE,
            )
            yield from page.get("Contents", [])
            token = page.get("NextContinuationToken")
            if token is None:
                return

    def _object(self, name: str) -> S3Object:
        return S3Object(self._options, self._root.bucket, self._root.key(name))

    def _name(self, key: str) -> str:
        return key[len(self._root.prefix) + 1 :] if self._root.prefix else key

    def _call(self, method: str, **arguments: Any) -> dict[str, Any]:
        return call(self._options, method, Bucket=self._root.bucket, **arguments)


def _complain(url: str, refused: dict[str, Any]) -> None:
    said = f"{url} was not removed ({refused.get('Code')}: {refused.get('Message')})"
    if refused.get("Code") == "AccessDenied":
        raise PermissionError(f"{said}: check what the key may do in this bucket")
    raise StoreFailed(f"{said}: try again")
