"""Writing one object: whole, perhaps only if absent, and surely what was meant."""

import hashlib
import tempfile
import time
import uuid
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO

from slideloom.stores.base import Entry, Source
from slideloom.stores.errors import StoreFailed
from slideloom.stores.s3_connection import code
from slideloom.stores.s3_object import SHA256, WRITER, S3Object, md5
from slideloom.stores.s3_reading import Reading
from slideloom.stores.tries import pauses

PART_BYTES = 8 << 20
"""What is larger goes in parts of this size, or in as many as S3 takes; one is in memory."""
_MOST_PARTS = 10_000
_AGAIN = {"BadDigest", "ConditionalRequestConflict", "IncompleteBody", "409"}


@dataclass(frozen=True, slots=True)
class _Sent:
    """What S3 answered, and what it should have.

    Attributes:
        etag: ETag as it came.
        expected: ETag of this content where nothing encrypts it.
    """

    etag: str
    expected: str


class Writing:
    """One write of one object.

    Each request carries the MD5 of its body, which S3 compares. The ETag that comes back must be
    the one that the content has; where it is not (a key service encrypts, the server does not
    compare, the line lies) the object is read back whole and its SHA-256 compared.

    Args:
        target: The object.
        source: What is written.
    """

    def __init__(self, target: S3Object, source: Source) -> None:
        """Nothing is written yet."""
        self._target = target
        self._source = source
        self._token = uuid.uuid4().hex

    def run(self, name: str, only_if_absent: bool) -> Entry | None:
        """Write it; None: it was there, and nothing was written.

        Raises:
            FileNotFoundError: The bucket is not there.
            StoreFailed: No attempt brought the right bytes there.
        """
        condition: dict[str, Any] = {"IfNoneMatch": "*"} if only_if_absent else {}
        with self._source.open() as stream:
            size = stream.seek(0, 2)
            why: object = ""
            for pause_s in pauses(self._target.options.tries):
                time.sleep(pause_s)
                try:
                    sent = self._send(stream, size, condition)
                except OSError as error:
                    if code(error) not in _AGAIN:
                        raise
                    why = error
                    continue
                if sent is None:
                    return None
                if self._has_arrived(sent):
                    return Entry(name, size, sent.etag)
                condition, why = {}, "other bytes arrived"  # ours, and wrong: write over it
        raise StoreFailed(
            f"{self._target} could not be written ({why}): check the network, then try again"
        )

    def _send(self, stream: BinaryIO, size: int, condition: dict[str, Any]) -> _Sent | None:
        """One attempt; None: it was there, and not from us.

        When an answer is lost, the request that follows finds what the first has written: the
        condition fails, or the upload is gone. So whoever finds something looks whose it is.
        """
        stream.seek(0)
        try:
            if size > PART_BYTES:
                return self._send_parts(stream, size, condition)
            return self._send_at_once(stream.read(), size, condition)
        except OSError as error:
            if not isinstance(error, FileExistsError) and code(error) != "NoSuchUpload":
                raise
            if (etag := self._own_etag()) is not None:
                return _Sent(etag, "")
            if isinstance(error, FileExistsError):
                return None
            raise

    def _send_at_once(self, content: bytes, size: int, condition: dict[str, Any]) -> _Sent:
        if len(content) != size:
            raise self._restless()
        digest = md5(content)
        answer = self._target.call(
            "put_object",
            Body=content,
            ContentMD5=b64encode(digest).decode(),
            Metadata=self._metadata(hashlib.sha256(content).hexdigest()),
            **condition,
        )
        return _Sent(answer["ETag"], digest.hex())

    def _send_parts(self, stream: BinaryIO, size: int, condition: dict[str, Any]) -> _Sent:
        sha256 = self._source.sha256()
        upload = self._target.call("create_multipart_upload", Metadata=self._metadata(sha256))[
            "UploadId"
        ]
        try:
            parts, digests, found = self._upload(stream, size, upload)
            if found != sha256:
                raise self._restless()
            answer = self._target.call(
                "complete_multipart_upload",
                UploadId=upload,
                MultipartUpload={"Parts": parts},
                **condition,
            )
        except BaseException:
            with suppress(Exception):  # the bucket's own rule for old uploads takes what is left
                self._target.call("abort_multipart_upload", UploadId=upload)
            raise
        return _Sent(answer["ETag"], f"{md5(b''.join(digests)).hex()}-{len(digests)}")

    def _upload(
        self, stream: BinaryIO, size: int, upload: str
    ) -> tuple[list[dict[str, Any]], list[bytes], str]:
        """All parts: as S3 wants them listed, their MD5, and the SHA-256 of what was sent."""
        part_bytes = max(PART_BYTES, -(-size // _MOST_PARTS))
        parts: list[dict[str, Any]] = []
        digests: list[bytes] = []
        sha256 = hashlib.sha256()
        while content := stream.read(part_bytes):
            sha256.update(content)
            digests.append(md5(content))
            answer = self._target.call(
                "upload_part",
                UploadId=upload,
                PartNumber=len(digests),
                Body=content,
                ContentMD5=b64encode(digests[-1]).decode(),
            )
            parts.append({"PartNumber": len(digests), "ETag": answer["ETag"]})
        return parts, digests, sha256.hexdigest()

    def _restless(self) -> StoreFailed:
        return StoreFailed(
            f"{self._target} was not written: the file that it is made from changed meanwhile "
            f"({self._source.content!r:.200}); write it again when that is at rest"
        )

    def _metadata(self, sha256: str) -> dict[str, str]:
        return {WRITER: self._token, SHA256: sha256}

    def _own_etag(self) -> str | None:
        """The object's ETag if this very write made it."""
        try:
            answer = self._target.call("head_object")
        except FileNotFoundError:
            return None
        return answer["ETag"] if answer["Metadata"].get(WRITER) == self._token else None

    def _has_arrived(self, sent: _Sent) -> bool:
        """Whether what is there is what was meant, or already another's whole object."""
        if sent.etag.strip('"') == sent.expected:
            return True
        with tempfile.TemporaryFile() as sink:
            try:
                Reading(self._target, sink, None).run("")
            except StoreFailed:
                return False
        return True
