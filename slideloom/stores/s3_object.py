"""One object of S3, and what its digests are."""

import hashlib
from dataclasses import dataclass
from typing import Any

from slideloom.stores.options import S3Options
from slideloom.stores.s3_connection import call

SHA256 = "slideloom-sha256"
WRITER = "slideloom-writer"
"""Metadata of objects that we wrote: the digest of the content; who wrote, by a random token."""


@dataclass(frozen=True, slots=True)
class S3Object:
    """Where an object is, and how to get there."""

    options: S3Options
    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """One request about it, tried again where that helps; the errors are s3fs's."""
        return call(self.options, method, Bucket=self.bucket, Key=self.key, **arguments)


def md5(content: bytes) -> bytes:
    """The digest that S3 works with; against accidents, not against people."""
    return hashlib.md5(content, usedforsecurity=False).digest()


def plain_md5(answer: dict[str, Any]) -> str | None:
    """The content's MD5 in hex, where the ETag is one.

    It is none for objects in parts, and where a key service or the customer's key encrypts.
    """
    etag = str(answer["ETag"]).strip('"')
    encrypted = str(answer.get("ServerSideEncryption", "")).startswith("aws:kms")
    if len(etag) != 32 or encrypted or "SSECustomerAlgorithm" in answer:
        return None
    return etag
