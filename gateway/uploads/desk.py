"""Where uploads begin, and where they are accepted or refused."""

import asyncio
import contextlib
import logging
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Self

from blocks import Tenant
from gateway.inspection import Limits, UploadRefused, inspect_file
from gateway.metrics import UPLOAD_BYTES
from gateway.problems import Problem, busy
from gateway.scope import Scope
from gateway.settings import GatewaySettings
from gateway.slides import Slide, of_card
from gateway.slides.cards import Card, clean_label, remove_upload, write_card
from gateway.slides.ids import UPLOADS
from gateway.uploads.quota import Quota, check_kept, orphans, room_for, used_by
from gateway.uploads.staging import Staged, Staging
from gateway.uploads.writing import no_room
from slideloom.errors import BadInput
from slideloom.settings import settings as home_settings
from slideloom.slides.pixel_size import MAX_MPP, MIN_MPP, is_plausible
from slideloom.stores import Entry, Store
from slideloom.stores.base import Source

_SWEEPS = 24
"""How often leftovers are looked for while they are kept."""
_SEVERAL_FILES = {".mrxs": "MIRAX", ".dcm": "DICOM", ".vms": "Hamamatsu VMS", ".vmu": "VMU"}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """What a tenant says of an upload.

    Attributes:
        label: What the file is called.
        sha256: The digest that it must have; None: any.
        mpp: µm per pixel; None: as the file says.
    """

    label: str
    sha256: str | None = None
    mpp: float | None = None

    @classmethod
    def checked(cls, label: str, sha256: str | None, mpp: float | None) -> Self:
        """The same, if it makes sense.

        Raises:
            Problem: It does not.
        """
        if sha256 is not None and not _SHA256.fullmatch(sha256):
            raise Problem(422, "metadata_unusable", "sha256 must be 64 hex digits, lower case")
        if mpp is not None and not is_plausible(mpp):
            raise Problem(
                422, "metadata_unusable", f"mpp must be between {MIN_MPP:g} and {MAX_MPP:g}"
            )
        return cls(label, sha256, mpp)


class Desk:
    """Takes uploads in.

    Args:
        settings: The door's.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        """Nothing is read yet."""
        self.staging = Staging(settings.staging or home_settings().home / "staging")
        self._settings = settings
        self._beginning: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._keeping: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._looking = asyncio.Semaphore(settings.inspect_at_once)

    async def begin(
        self, scope: Scope, upload: str, told: Told, declared: int | None
    ) -> tuple[Staged, int]:
        """Begin an upload.

        Args:
            scope: The tenant's.
            upload: Its new id.
            told: What the tenant says of it.
            declared: How many bytes will come; None: not said.

        Returns:
            The upload, and how many bytes it may have.

        Raises:
            Problem: It may not begin.
            UploadRefused: It could never be accepted.
        """
        _refuse_parts(told.label)
        async with self._beginning[scope.id]:
            return await asyncio.to_thread(self._begin, scope.tenant, upload, declared)

    def _begin(self, tenant: Tenant, upload: str, declared: int | None) -> tuple[Staged, int]:
        with _told_of_store():
            entries = _swept(tenant.slide_store)
        staged = [each.reserved for each in self.staging.of(tenant.id) if each.is_there]
        room = room_for(self._quota, used_by(entries, staged), declared)
        if self.staging.free_bytes() - (declared or 0) < self._settings.upload_spare_bytes:
            raise no_room()
        return self.staging.begin(tenant.id, upload, declared), room

    async def accept(
        self, scope: Scope, staged: Staged, told: Told, sha256: str | None = None
    ) -> Slide:
        """Look at an upload that has come whole, and make it a slide.

        Where it is refused nothing is left of it. Where the store does not answer it stays, and can
        be tried again.

        Args:
            scope: The tenant's.
            staged: The upload.
            told: What the tenant says of it.
            sha256: Its digest where that is known already.

        Raises:
            UploadRefused: It is no slide.
            Problem: It is not what was announced, there is no room, or it is at work.
            StoreFailed: The store does not answer.
        """
        with staged.held():
            try:
                card = await self._look(staged, told, sha256)
                async with self._keeping[scope.id]:
                    await asyncio.to_thread(self._keep, scope.tenant, staged, card)
            except (Problem, BadInput) as error:
                if not (isinstance(error, Problem) and error.status == 503):
                    await asyncio.to_thread(staged.remove)
                raise
            await asyncio.to_thread(staged.remove)
        UPLOAD_BYTES.inc(card.size)
        return of_card(card)

    async def _look(self, staged: Staged, told: Told, sha256: str | None) -> Card:
        async with self._looking:
            facts = await inspect_file(staged.file, self._limits)
        found = sha256 or await asyncio.to_thread(Source(staged.file).sha256)
        if told.sha256 not in (None, found):
            detail = f"the SHA-256 of what came is {found}, not the announced one: send it again"
            raise Problem(422, "digest_differs", detail)
        return Card(
            id=staged.id,
            label=clean_label(told.label),
            size=staged.size,
            sha256=found,
            facts=facts,
            stated_mpp=told.mpp,
            created=datetime.now(UTC),
            state="ready",
        )

    def _keep(self, tenant: Tenant, staged: Staged, card: Card) -> None:
        store = tenant.slide_store
        with _told_of_store():
            check_kept(self._quota, used_by(_uploads(store)), card.size)
            try:
                store.move_in(card.path, staged.file)
                write_card(store, card)
            except BaseException:
                with contextlib.suppress(Exception):  # what is left, the next upload finds
                    remove_upload(store, card.id)
                raise

    async def sweep(self) -> None:
        """Remove what was left behind, for as long as the door is open."""
        keep_s = self._settings.upload_keep_hours * 3600
        while True:
            try:
                await asyncio.to_thread(self.staging.sweep, keep_s)
            except OSError:
                _log.exception("uploads that nobody finished could not be removed")
            await asyncio.sleep(keep_s / _SWEEPS)

    @property
    def _quota(self) -> Quota:
        stated = self._settings
        return Quota(
            stated.max_upload_bytes,
            stated.tenant_upload_bytes,
            stated.tenant_upload_slides,
            stated.tenant_open_uploads,
        )

    @property
    def _limits(self) -> Limits:
        stated = self._settings
        return Limits(
            stated.inspect_memory_bytes, stated.inspect_s, stated.inspect_s, stated.max_image_px
        )


@asynccontextmanager
async def open_desk(settings: GatewaySettings) -> AsyncIterator[Desk]:
    """The desk, with somebody who sweeps."""
    desk = Desk(settings)
    sweeping = asyncio.create_task(desk.sweep(), name="sweep uploads")
    try:
        yield desk
    finally:
        sweeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sweeping


def _refuse_parts(label: str) -> None:
    """Formats of several files, by their names; what is inside is looked at later."""
    kind = _SEVERAL_FILES.get(PurePosixPath(label.strip().lower()).suffix)
    if kind:
        raise UploadRefused(
            f"a {kind} slide is several files, and one alone is of no use: ask the operator to put "
            "all of them into your slide folder, where they are found"
        )


def _uploads(store: Store) -> Sequence[Entry]:
    return store.list(UPLOADS)


def _swept(store: Store) -> Sequence[Entry]:
    """What lies there, without what a killed process has left half-way."""
    entries = _uploads(store)
    lost = orphans(entries, time.time())
    for upload in lost:
        remove_upload(store, upload)
    return _uploads(store) if lost else entries


@contextmanager
def _told_of_store() -> Iterator[None]:
    """What a store refuses or misses is for the operator to mend."""
    try:
        yield
    except (PermissionError, FileNotFoundError) as error:
        raise busy("your slide store cannot be written just now: tell the operator") from error
