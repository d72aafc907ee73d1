"""The cookie that a browser gets for a key: names the key, ends, and is signed with its secret.

Nothing is kept of it: it counts as long as the key does, and is worthless when that is revoked.
"""

import hashlib
import hmac
import re

from blocks.keys import DoorKey

COOKIE = "slideloom_session"
_SESSION = re.compile(r"(?P<id>[0-9a-f]{16})\.(?P<ends>\d{1,12})\.(?P<signed>[0-9a-f]{64})")


def seal(key: DoorKey, ends_s: int) -> str:
    """The cookie's value.

    Args:
        key: The key that was shown.
        ends_s: When the session ends, in seconds since 1970.
    """
    return f"{key.id}.{ends_s}.{_signature(key, ends_s)}"


def key_named(value: str, now_s: float) -> str | None:
    """Id of the key that a cookie names; None: it is none of ours, or has ended."""
    found = _SESSION.fullmatch(value)
    return found["id"] if found and now_s < int(found["ends"]) else None


def is_sealed(value: str, key: DoorKey, now_s: float) -> bool:
    """Whether a cookie was made with this key, and has not ended."""
    found = _SESSION.fullmatch(value)
    if found is None:
        return False
    ends_s = int(found["ends"])
    return hmac.compare_digest(found["signed"], _signature(key, ends_s)) and now_s < ends_s


def _signature(key: DoorKey, ends_s: int) -> str:
    secret = key.cookie_secret.get_secret_value().encode()
    return hmac.new(secret, f"{key.id}.{ends_s}".encode(), hashlib.sha256).hexdigest()
