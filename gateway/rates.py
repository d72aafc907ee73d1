"""How often tenants call, and how many wrong keys come from where: counted in this process."""

import asyncio
import ipaddress
import math
import time
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Literal

from fastapi.requests import HTTPConnection
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter, RateLimiter

from gateway.problems import Problem
from gateway.settings import GatewaySettings

Rate = Literal["requests", "submissions", "uploads"]

_IPV6_SITE = 64
_GUESSES_AT_ONCE = 2


class Limits:
    """Counts what tenants ask for, and wrong keys by where they come from.

    Args:
        settings: How much is let through.

    Attributes:
        rates: What may be asked for in a while, by name.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        """Nothing is counted yet."""
        self.rates: dict[Rate, RateLimitItem] = {
            "requests": RateLimitItemPerMinute(settings.requests_per_minute),
            "submissions": RateLimitItemPerMinute(settings.submissions_per_minute),
            "uploads": RateLimitItemPerHour(settings.uploads_per_hour),
        }
        self._failures = RateLimitItemPerMinute(settings.failures_per_minute)
        storage = MemoryStorage()
        self._tenants = MovingWindowRateLimiter(storage)
        # Addresses are many and anybody's: of this kind of window nothing stays when it is over.
        self._addresses = FixedWindowRateLimiter(storage)
        self._lane = asyncio.Semaphore(_GUESSES_AT_ONCE)

    def count(self, rate: Rate, tenant: str, connection: HTTPConnection) -> None:
        """Count one, and write down for the answer how much is left.

        Raises:
            Problem: It is one too many.
        """
        item = self.rates[rate]
        counted = self._tenants.hit(item, rate, tenant)
        left, reset_s = _left(self._tenants, item, rate, tenant)
        connection.state.answer_headers = _headers(item, left, reset_s)
        if not counted:
            raise _too_many(f"{item.amount} {rate} per {item.GRANULARITY.name}", reset_s)

    def lane(self, connection: HTTPConnection) -> AbstractAsyncContextManager[object]:
        """What to hold while Prefect is asked for a key that is not known here.

        Nobody is locked out: a valid key opens the door whatever else came from its address. But
        addresses with many wrong keys share so few questions at a time that they cannot flood
        Prefect; a key that is known here needs none.
        """
        left = self._addresses.test(self._failures, "failures", _address(connection))
        return nullcontext() if left else self._lane

    def fail(self, connection: HTTPConnection) -> None:
        """Count a wrong key.

        Raises:
            Problem: There were too many from this address.
        """
        where = _address(connection)
        if self._addresses.hit(self._failures, "failures", where):
            return
        _, reset_s = _left(self._addresses, self._failures, "failures", where)
        raise _too_many(f"{self._failures.amount} wrong keys per minute", reset_s)


def _address(connection: HTTPConnection) -> str:
    """Where a call comes from; of IPv6 the site, for one caller has all its addresses."""
    host = connection.client.host if connection.client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.IPv6Network((int(address), _IPV6_SITE), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)


def _left(limiter: RateLimiter, item: RateLimitItem, *who: str) -> tuple[int, int]:
    """How many are left, and in how many whole seconds there is one more."""
    window = limiter.get_window_stats(item, *who)
    return max(window.remaining, 0), max(1, math.ceil(window.reset_time - time.time()))


def _headers(item: RateLimitItem, left: int, reset_s: int) -> dict[str, str]:
    return {
        "RateLimit-Limit": str(item.amount),
        "RateLimit-Remaining": str(left),
        "RateLimit-Reset": str(reset_s),
    }


def _too_many(what: str, after_s: int) -> Problem:
    detail = f"too many: at most {what} are let through; try again in {after_s} s"
    return Problem(429, "rate_limited", detail, {"Retry-After": str(after_s)})
