"""Who calls: a tenant or an operator, by a key in the header or a cookie got for one."""

import time
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends
from fastapi.requests import HTTPConnection

from blocks.keys import DoorKey
from gateway.keyring import Keyring
from gateway.last_uses import LastUses
from gateway.problems import Problem
from gateway.rates import Limits
from gateway.security import BY_COOKIE, BY_HEADER
from gateway.sessions import COOKIE, is_sealed, key_named

_SAFE = {"GET", "HEAD", "OPTIONS"}
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="slideloom"'}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls.

    Attributes:
        key: The key that was shown.
        tenant: Whose it is; empty: an operator's.
    """

    key: DoorKey
    tenant: str


def refused() -> Problem:
    """The same for no key, a wrong, an expired and a revoked one."""
    detail = "show a valid key: `Authorization: Bearer <key>`, or sign in"
    return Problem(401, "key_needed", detail, _CHALLENGE)


async def caller(
    connection: HTTPConnection,
    _key: Annotated[None, Depends(BY_HEADER)],
    _session: Annotated[None, Depends(BY_COOKIE)],
) -> Caller:
    """Who calls.

    Raises:
        Problem: Nobody whom we know, or a tenant who calls too often.
    """
    key = await _by_header(connection) or await _by_cookie(connection)
    if key is None:
        if _shows_something(connection):
            _limits(connection).fail(connection)
        raise refused()
    # A tenant may have been given a key and then be removed; its scope finds out.
    connection.state.tenant, connection.state.key_id = key.tenant, key.id
    uses: LastUses = connection.app.state.uses
    uses.note(key.id)
    if key.tenant:
        _limits(connection).count("requests", key.tenant, connection)
    return Caller(key, key.tenant)


async def key_of_text(connection: HTTPConnection, text: str) -> DoorKey:
    """The key of a text that somebody shows.

    Raises:
        Problem: It opens nothing.
    """
    limits = _limits(connection)
    keyring: Keyring = connection.app.state.keyring
    key = await keyring.of_text(text, limits.lane(connection))
    if key is None:
        limits.fail(connection)
        raise refused()
    connection.state.tenant, connection.state.key_id = key.tenant, key.id
    return key


def _limits(connection: HTTPConnection) -> Limits:
    limits: Limits = connection.app.state.limits
    return limits


def _shows_something(connection: HTTPConnection) -> bool:
    """Whether it is a guess; no key at all, and a session that has ended, are none."""
    named = key_named(connection.cookies.get(COOKIE, ""), time.time())
    return "authorization" in connection.headers or named is not None


async def _by_header(connection: HTTPConnection) -> DoorKey | None:
    keyring: Keyring = connection.app.state.keyring
    scheme, _, text = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    return await keyring.of_text(text.strip(), _limits(connection).lane(connection))


async def _by_cookie(connection: HTTPConnection) -> DoorKey | None:
    if "authorization" in connection.headers:
        return None
    keyring: Keyring = connection.app.state.keyring
    value, now_s = connection.cookies.get(COOKIE, ""), time.time()
    key_id = key_named(value, now_s)
    key = await keyring.of_id(key_id, _limits(connection).lane(connection)) if key_id else None
    if key is None or not is_sealed(value, key, now_s):
        return None
    _refuse_other_sites(connection)
    return key


def _refuse_other_sites(connection: HTTPConnection) -> None:
    """A cookie counts only for pages of our own, where something is changed or a socket opened."""
    if connection.scope["type"] == "http" and connection.scope["method"] in _SAFE:
        return
    origin = urlsplit(connection.headers.get("origin", ""))
    if not origin.netloc or origin.netloc != connection.headers.get("host"):
        raise Problem(403, "wrong_origin", "with a cookie, only pages of this address may do that")


async def tenant_caller(who: Annotated[Caller, Depends(caller)]) -> Caller:
    """A tenant.

    Raises:
        Problem: It is an operator.
    """
    if not who.tenant:
        raise Problem(403, "tenant_needed", "this is an operator's key: show a tenant's")
    return who


async def operator_caller(who: Annotated[Caller, Depends(caller)]) -> Caller:
    """An operator.

    Raises:
        Problem: It is a tenant.
    """
    if who.tenant:
        raise Problem(403, "operator_needed", "this is a tenant's key: show an operator's")
    return who


AnyCaller = Annotated[Caller, Depends(caller)]
TenantCaller = Annotated[Caller, Depends(tenant_caller)]
OperatorCaller = Annotated[Caller, Depends(operator_caller)]
