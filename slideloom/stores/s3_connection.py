"""Connections to S3, one for each process and set of options, and what S3 says in our words.

s3fs runs its requests on a loop and thread of its own, so callers may be on any thread, with or
without a loop. Its own cache of instances goes by thread and never forgets; a worker has a new
thread for each run. A connection does not survive a fork, so the process is part of the key here.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
)
from fsspec.asyn import sync
from s3fs import S3FileSystem

from slideloom.stores.errors import failed
from slideloom.stores.options import S3Options

CUT = (HTTPClientError, IncompleteReadError, aiohttp.ClientError, ConnectionError, TimeoutError)
"""What a body that breaks off raises while it is read; botocore retries requests, not bodies."""
_NO_KEY = (NoCredentialsError, PartialCredentialsError)

_made: dict[tuple[int, S3Options], S3FileSystem] = {}
_making = threading.Lock()


def _new_lock() -> None:
    """The thread that held the lock is not in the child."""
    global _making
    _making = threading.Lock()


os.register_at_fork(after_in_child=_new_lock)


def connection(options: S3Options) -> S3FileSystem:
    """The connection of this process."""
    key = (os.getpid(), options)
    with _making:
        if key not in _made:
            _made[key] = _connection(options)
        return _made[key]


def _connection(options: S3Options) -> S3FileSystem:
    secret = options.secret_access_key
    made = S3FileSystem(
        key=options.access_key_id,
        secret=secret.get_secret_value() if secret else None,
        endpoint_url=options.endpoint_url,
        client_kwargs={"region_name": options.region} if options.region else {},
        config_kwargs={
            "connect_timeout": options.connect_timeout_s,
            "read_timeout": options.read_timeout_s,
            # Back-off with jitter, a quota against storms, throttling and lost connections.
            "retries": {"mode": "standard", "total_max_attempts": options.tries},
            # We send Content-MD5 and compare digests ourselves: every S3 knows these.
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
            "s3": {"addressing_style": "path" if options.endpoint_url else "auto"},
        },
        use_listings_cache=False,
        skip_instance_cache=True,
    )
    made.retries = 1  # its own come on top of botocore's, and without jitter
    return made


def call(options: S3Options, method: str, **arguments: Any) -> dict[str, Any]:
    """One request, tried again where that helps; the errors are s3fs's."""
    given = {name: value for name, value in arguments.items() if value is not None}
    return dict(connection(options).call_s3(method, **given))


def read_from(options: S3Options, body: Any, length: int) -> bytes:
    """The next bytes of an answer's body; empty at its end.

    Raises:
        OSError: The connection broke off (see `CUT` for what else says so).
    """
    return bytes(sync(connection(options).loop, body.read, length))


def code(error: BaseException) -> str:
    """S3's code of an error: `PreconditionFailed`; empty where it is none of S3's."""
    cause = error.__cause__
    return str(cause.response["Error"].get("Code", "")) if isinstance(cause, ClientError) else ""


@contextmanager
def told(url: str) -> Iterator[None]:
    """Say of each error what it was about: missing, refused, or `StoreFailed`.

    What is said of a local file, which is being written to S3, is said already.
    """
    try:
        yield
    except FileNotFoundError as error:
        if error.filename:
            raise
        what = "the bucket" if code(error) == "NoSuchBucket" else url
        raise FileNotFoundError(f"{what} is not there: check bucket and name ({url})") from error
    except (PermissionError, *_NO_KEY) as error:
        if getattr(error, "filename", None):
            raise
        raise PermissionError(
            f"{url} is refused ({error}): check the key, and what it may do in this bucket"
        ) from error
    except (OSError, BotoCoreError, aiohttp.ClientError) as error:
        raise failed(url, error, "check the endpoint and the network, then try again") from error
