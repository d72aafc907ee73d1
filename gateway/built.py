"""What `make page` has built, read once and held: a few files, small when packed."""

import gzip
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

BUILT = Path(__file__).parent / "page" / "dist"
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}


@dataclass(frozen=True, slots=True)
class Held:
    """A file of the page.

    Attributes:
        content: Its bytes.
        packed: The same by gzip.
        tag: Its ETag; weak, as it stands for both.
        media_type: What is in it.
    """

    content: bytes
    packed: bytes
    tag: str
    media_type: str


class Built:
    """The page's files.

    Args:
        folder: Where they are built.
    """

    def __init__(self, folder: Path = BUILT) -> None:
        """Nothing is read yet."""
        self._folder = folder
        self._held: dict[Path, tuple[int, Held]] = {}

    def index(self) -> Held | None:
        """The one HTML file; None: the page is not built."""
        return self._read(self._folder / "index.html")

    def docs(self) -> Held | None:
        """The HTML file that shows the REST API; None: the page is not built."""
        return self._read(self._folder / "docs.html")

    def icon(self) -> Held | None:
        """The page's icon."""
        return self._read(self._folder / "favicon.svg")

    def asset(self, name: str) -> Held | None:
        """A file with its content's hash in its name; None: there is no such."""
        return self._read(self._folder / "assets" / name) if _NAME.fullmatch(name) else None

    def _read(self, path: Path) -> Held | None:
        """As it is now: it may be built anew while the door is open."""
        media_type = _TYPES.get(path.suffix)
        if media_type is None or not path.is_file():
            return None
        changed = path.stat().st_mtime_ns
        if path not in self._held or self._held[path][0] != changed:
            self._held[path] = changed, _hold(path.read_bytes(), media_type)
        return self._held[path][1]


def _hold(content: bytes, media_type: str) -> Held:
    digest = hashlib.sha256(content).hexdigest()
    return Held(content, gzip.compress(content, 9, mtime=0), f'W/"{digest}"', media_type)
