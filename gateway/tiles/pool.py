"""Slides that are kept open between two tiles."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from blocks import Tenant
from gateway.slides import Slide
from slideloom.errors import BadInput, SlideUnreadable
from slideloom.slides import Slide as OpenSlide
from slideloom.slides import open_slide
from slideloom.slides.array_slide import ArraySlide

_MPP = 1.0
"""Pictures for the viewer are in level-0 pixels, whatever their size is."""
_BYTES_PER_PX = 3

Key = tuple[str, str, str]
"""Tenant, path, version."""


@dataclass
class _Open:
    """An open slide, or one that is being opened by whoever holds the lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    stack: ExitStack = field(default_factory=ExitStack)
    slide: OpenSlide | None = None
    users: int = 0

    @property
    def weight(self) -> int:
        """Bytes of pixels that it holds."""
        if not isinstance(self.slide, ArraySlide):
            return 0
        return self.slide.width_px * self.slide.height_px * _BYTES_PER_PX


class SlidePool:
    """Open slides, the least recently used closed first; safe for threads.

    A slide in use is never closed; a slide in S3 is pinned in the slide cache while it is open.

    Args:
        most: How many are kept open.
        max_bytes: Pixels of images that are held whole.
    """

    def __init__(self, most: int, max_bytes: int) -> None:
        """Nothing is open yet."""
        self._most, self._max_bytes = most, max_bytes
        self._open: OrderedDict[Key, _Open] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def use(self, tenant: Tenant, slide: Slide) -> Iterator[OpenSlide]:
        """A slide, opened if need be; blocks while it is.

        Raises:
            SlideUnreadable: It cannot be read.
            StoreFailed: It could not be fetched.
        """
        key = (tenant.id, slide.path, slide.version)
        entry = self._taken(key)
        try:
            with entry.lock:
                if entry.slide is None:
                    entry.slide = _opened(entry.stack, tenant, slide.path)
            yield entry.slide
        except BadInput as error:  # its message says where the file lies on this machine
            place = str(entry.slide.path) if entry.slide else tenant.slide_at(slide.path)
            raise type(error)(str(error).replace(place, slide.path)) from error
        finally:
            self._give_back(key, entry)

    def close(self) -> None:
        """Close all that nobody uses."""
        with self._lock:
            entries, self._open = list(self._open.values()), OrderedDict()
        for entry in entries:
            if not entry.users:
                entry.stack.close()

    def _taken(self, key: Key) -> _Open:
        with self._lock:
            entry = self._open.setdefault(key, _Open())
            self._open.move_to_end(key)
            entry.users += 1
        return entry

    def _give_back(self, key: Key, entry: _Open) -> None:
        with self._lock:
            entry.users -= 1
            if entry.slide is None and not entry.users and self._open.get(key) is entry:
                del self._open[key]
            gone = self._too_many()
        for each in gone:
            each.stack.close()
        if self._open.get(key) is not entry and not entry.users:
            entry.stack.close()

    def _too_many(self) -> list[_Open]:
        """What has to go, taken out; under the lock."""
        gone = []
        idle = [key for key, entry in self._open.items() if not entry.users]
        while idle and self._is_full():
            gone.append(self._open.pop(idle.pop(0)))
        return gone

    def _is_full(self) -> bool:
        held = sum(entry.weight for entry in self._open.values())
        return len(self._open) > self._most or held > self._max_bytes


def _opened(stack: ExitStack, tenant: Tenant, path: str) -> OpenSlide:
    """The slide, and its file in the slide cache, until the stack is closed."""
    with ExitStack() as opening:
        file = opening.enter_context(tenant.slide_file(tenant.slide_at(path)))
        try:
            slide = opening.enter_context(open_slide(file, _MPP))
        except SlideUnreadable as error:
            raise SlideUnreadable(str(error).replace(str(file), path)) from error
        stack.push(opening.pop_all())
    return slide
