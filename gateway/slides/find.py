"""A tenant's slides by id: found, listed, and nothing of others."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from blocks import Tenant
from gateway.problems import not_found
from gateway.scope import Scope
from gateway.slides.cards import Card, read_card
from gateway.slides.ids import (
    CARD,
    UPLOADS,
    is_placed,
    is_uploaded,
    placed_path,
    slide_id_of,
)
from slideloom.errors import BadInput
from slideloom.stores import Entry, NameRefused, StoreFailed

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Slide:
    """A slide of a tenant.

    Attributes:
        id: Its id at the door.
        path: Its name in the tenant's slides, as a workflow names it.
        label: Its name for people.
        size: Bytes; of several files those of the one that is named.
        version: Another content has another version.
        card: What is known of it, if it was uploaded.
    """

    id: str
    path: str
    label: str
    size: int
    version: str
    card: Card | None = None

    @property
    def created(self) -> datetime | None:
        """When it was uploaded."""
        return self.card.created if self.card else None


async def find_slide(scope: Scope, slide: str) -> Slide:
    """A slide of theirs.

    Raises:
        Problem: It is not there, or another's.
        StoreFailed: The store does not answer.
    """
    found = await asyncio.to_thread(_find, scope.tenant, slide)
    if found is None:
        raise not_found("slide")
    return found


async def slide_named(scope: Scope, path: str) -> Slide | None:
    """The slide that a workflow of theirs names so; None: there is none.

    Raises:
        StoreFailed: The store does not answer.
    """
    return await asyncio.to_thread(_named, scope.tenant, path)


async def stated_mpp(scope: Scope, path: str) -> float | None:
    """µm per pixel that the tenant has stated for the slide at a path; None: nothing was.

    Args:
        scope: The tenant's.
        path: As a workflow names it.

    Raises:
        StoreFailed: The store does not answer.
    """
    return await asyncio.to_thread(_stated_mpp, scope.tenant, path)


async def list_slides(scope: Scope, after: str | None, limit: int) -> tuple[list[Slide], bool]:
    """Slides: uploads, the newest first, then what was put there, by name.

    Args:
        scope: The tenant's.
        after: Id of the slide that the page before ended with.
        limit: At most so many.

    Returns:
        The slides, and whether more follow.

    Raises:
        StoreFailed: The store does not answer.
    """
    entries = await asyncio.to_thread(scope.tenant.slide_store.list)
    ids = [*_uploads(entries), *sorted(entry.name for entry in entries if is_placed(entry.name))]
    wanted = _after(ids, after)
    page, sizes = wanted[:limit], {entry.name: entry for entry in entries}
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(name: str) -> Slide | None:
        if name in sizes:
            return _placed(sizes[name])
        async with room:
            return await asyncio.to_thread(_find, scope.tenant, name)

    found = await asyncio.gather(*map(one, page))
    return [slide for slide in found if slide], len(wanted) > limit


def _named(tenant: Tenant, path: str) -> Slide | None:
    try:
        name = tenant.slide_name(path)
    except BadInput:
        return None
    found = _find(tenant, slide_id_of(name))
    return found if found and found.path == name else None


def _stated_mpp(tenant: Tenant, path: str) -> float | None:
    try:
        name = tenant.slide_name(path)
    except BadInput:  # whoever submits it is told so elsewhere
        return None
    card = read_card(tenant.slide_store, slide_id_of(name))
    return card.stated_mpp if card and card.path == name else None


def _uploads(entries: Sequence[Entry]) -> list[str]:
    """Ids of uploaded slides, the newest first."""
    parts = (entry.name.split("/") for entry in entries)
    found = {part[1] for part in parts if len(part) == 3 and part[::2] == [UPLOADS, CARD]}
    return sorted(filter(is_uploaded, found), reverse=True)


def _after(names: list[str], cursor: str | None) -> list[str]:
    """What follows; the slide that the cursor names may be gone by now."""
    if cursor is None:
        return names
    path = placed_path(cursor)
    if path is None and not is_uploaded(cursor):
        return []
    return list(_following(names, cursor, path))


def _following(names: list[str], upload: str, path: str | None) -> Iterator[str]:
    for name in names:
        if is_uploaded(name):
            if path is None and name < upload:
                yield name
        elif path is None or name > path:
            yield name


def _find(tenant: Tenant, slide: str) -> Slide | None:
    if is_uploaded(slide):
        card = read_card(tenant.slide_store, slide)
        return of_card(card) if card else None
    path = placed_path(slide)
    if path is None or not is_placed(path):
        return None
    try:
        if tenant.slide_name(path) != path:
            return None
        return _placed(tenant.slide_store.stat(path))
    except StoreFailed:
        raise
    except (FileNotFoundError, PermissionError, NameRefused, BadInput):
        return None


def of_card(card: Card) -> Slide:
    """The slide of a card."""
    return Slide(card.id, card.path, card.label, card.size, card.sha256, card)


def _placed(entry: Entry) -> Slide:
    label = entry.name.rpartition("/")[2]
    return Slide(slide_id_of(entry.name), entry.name, label, entry.size, entry.version)
