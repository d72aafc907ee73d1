"""How answers about cells may be kept by browsers: results for long, what is provisional not."""

from fastapi import Request, Response

from gateway.ranges import names_tag
from gateway.viewer.shown import Shown
from slideloom.viewer.overlay import DRAWING

PROVISIONAL = "X-Slideloom-Provisional"
_KEEP_S, _KEEP_PROVISIONAL_S = 3600, 1
# One browser may be signed in as one tenant, then as another.
_VARY = {"Vary": "Authorization, Cookie"}


def tag_of(shown: Shown, what: str) -> str:
    """The entity tag of an answer; empty for what is provisional.

    Args:
        shown: The cells.
        what: Which answer about them; letters, digits and `-_.,` only.
    """
    return "" if shown.provisional else f'"{shown.version[:32]}-{DRAWING}-{what}"'


def headers_of(shown: Shown, tag: str) -> dict[str, str]:
    """What a browser is told of an answer."""
    if shown.provisional:
        return {
            **_VARY,
            "Cache-Control": f"private, max-age={_KEEP_PROVISIONAL_S}",
            PROVISIONAL: "true",
        }
    return {**_VARY, "Cache-Control": f"private, max-age={_KEEP_S}", "ETag": tag}


def unchanged(request: Request, shown: Shown, tag: str) -> Response | None:
    """The answer to who has this very answer already; None: they have not."""
    if tag and names_tag(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=headers_of(shown, tag))
    return None
