"""Signing in: a cookie for a key, so that a page need not hold the key."""

import time
from datetime import datetime

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, Field

from gateway.body import Body
from gateway.callers import AnyCaller, key_of_text
from gateway.sessions import COOKIE, seal
from gateway.settings import GatewaySettings

router = APIRouter(tags=["keys"])


class SigninIn(Body):
    """A key."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    key: str = Field(max_length=200, description="A tenant's or an operator's key.")


class WhoOut(Body):
    """Whose key it is."""

    tenant: str | None = Field(description="The tenant; none: an operator.")
    label: str = Field(description="What the key is for.")
    expires: datetime | None = Field(description="When the key ends; none: never.")


@router.post("/signin")
async def signin(given: SigninIn, request: Request, response: Response) -> WhoOut:
    """Trade a key for a cookie, which pages of other addresses cannot use."""
    settings: GatewaySettings = request.app.state.settings
    key = await key_of_text(request, given.key)
    lasts_s = round(settings.session_hours * 3600)
    response.set_cookie(
        COOKIE,
        seal(key, int(time.time()) + lasts_s),
        max_age=lasts_s,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return WhoOut(tenant=key.tenant or None, label=key.label, expires=key.expires)


@router.post("/signout", status_code=204)
async def signout(response: Response) -> None:
    """Take the cookie back."""
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")


@router.get("/me")
async def me(who: AnyCaller) -> WhoOut:
    """Whose key it is that was shown."""
    return WhoOut(tenant=who.tenant or None, label=who.key.label, expires=who.key.expires)
