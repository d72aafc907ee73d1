"""Messages without the places where an operator keeps things. Pure."""

import re
from collections.abc import Iterable
from pathlib import Path

_FOLDERS = re.compile(r"(?<![\w:/.%-])(?:file://)?/(?:[^\s'\"`;,()<>]*/)?(?=[^\s/])")


def cleaned(text: str, roots: Iterable[str] = ()) -> str:
    """The text with paths as a tenant knows them: relative to its folder.

    Of whatever else looks like a path of this machine only the last part is left.

    Args:
        text: A message.
        roots: Folders, or places in S3, that are the tenant's.
    """
    for root in sorted(_with_links_resolved(roots), key=len, reverse=True):
        text = re.sub(rf"(?:file://)?{re.escape(root)}/+", "", text)
        text = re.sub(rf"(?:file://)?{re.escape(root)}(?![\w-])", "your folder", text)
    return _FOLDERS.sub("", text)


def _with_links_resolved(roots: Iterable[str]) -> set[str]:
    stated = {root.rstrip("/") for root in roots} - {""}
    return stated | {str(Path(root).resolve()) for root in stated if root.startswith("/")}
