"""How keys are shown, for the OpenAPI document alone; who calls is found out by `callers`."""

from fastapi.openapi.models import APIKey, APIKeyIn, HTTPBearer
from fastapi.security.base import SecurityBase

from gateway.sessions import COOKIE


class _Shown(SecurityBase):
    """A way to show a key; nothing is done with it here.

    Args:
        name: Name of the scheme.
        model: The scheme.
    """

    def __init__(self, name: str, model: HTTPBearer | APIKey) -> None:
        """Keep them."""
        self.scheme_name, self.model = name, model

    async def __call__(self) -> None:
        """Nothing."""


BY_HEADER = _Shown("key", HTTPBearer(description="A key, as `Authorization: Bearer <key>`."))
BY_COOKIE = _Shown(
    "session",
    APIKey.model_validate(
        {"in": APIKeyIn.cookie, "name": COOKIE, "description": "Got for a key by `POST /signin`."}
    ),
)
