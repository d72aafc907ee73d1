"""Keys to the tenants' door, as Prefect keeps them: their digests, never the keys themselves.

A key is `sl_<id>_<secret>`: 64 random bits that name it and 256 that prove it. With a secret that
nobody can guess a slow hash would only slow down the door (docs/decisions/0017).
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from prefect.blocks.core import Block
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import BlockDocumentUpdate
from pydantic import Field, SecretStr

from blocks.errors import KeyEnded, KeyUnknown
from blocks.reading import all_saved, saved

_KEY = re.compile(r"sl_(?P<id>[0-9a-f]{16})_(?P<secret>[A-Za-z0-9_-]{43})")
_ID = re.compile(r"[0-9a-f]{16}")


class DoorKey(Block):
    """A key to the tenants' door; made, rotated and revoked by `slideloom tenants keys`."""

    _block_type_name = "slideloom key"
    _description = (
        "A key to the tenants' door, of which only a digest is kept; made, rotated and revoked by "
        "`slideloom tenants keys`. The block's name is the key's id."
    )

    tenant: str = Field(
        default="", title="Tenant", description="Whose key it is; empty: an operator's."
    )
    label: str = Field(
        default="", max_length=120, title="Label", description="What it is for, for people."
    )
    digest: str = Field(
        pattern=r"^[0-9a-f]{64}$", title="Digest", description="SHA-256 of the secret."
    )
    cookie_secret: SecretStr = Field(
        title="Cookie secret", description="Signs the cookies that browsers get for this key."
    )
    created: datetime = Field(title="Created", description="When it was made.")
    expires: datetime | None = Field(
        default=None, title="Expires", description="From then on it opens nothing; empty: never."
    )
    revoked: datetime | None = Field(
        default=None, title="Revoked", description="Since then it opens nothing; empty: it does."
    )

    @property
    def id(self) -> str:
        """The key's id."""
        return self._block_document_name or ""

    @property
    def is_operators(self) -> bool:
        """Whether it is an operator's, and no tenant's."""
        return not self.tenant

    def is_valid(self, now: datetime) -> bool:
        """Whether it opens the door at this time."""
        ended = [moment for moment in (self.expires, self.revoked) if moment is not None]
        return all(now < moment for moment in ended)

    def proves(self, secret: str) -> bool:
        """Whether this is the key's secret; takes as long if it is not."""
        return hmac.compare_digest(self.digest, digest_of_secret(secret))


@dataclass(frozen=True, slots=True)
class KeyText:
    """A key as its owner holds it.

    Attributes:
        id: Names it.
        secret: Proves it.
    """

    id: str
    secret: str

    def __str__(self) -> str:
        """All of it: to be shown once."""
        return f"sl_{self.id}_{self.secret}"

    def __repr__(self) -> str:
        """Without the secret: for logs."""
        return f"KeyText(id={self.id!r})"


def read_key(text: str) -> KeyText | None:
    """The key that a text is; None: it is none."""
    found = _KEY.fullmatch(text)
    return KeyText(found["id"], found["secret"]) if found else None


def digest_of_secret(secret: str) -> str:
    """SHA-256, as 64 hex digits."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def make_key(
    tenant: str, label: str, now: datetime, expires: datetime | None = None
) -> tuple[KeyText, DoorKey]:
    """Make a key and keep its digest; the text is not to be had again.

    Args:
        tenant: Whose it is; empty: an operator's.
        label: What it is for.
        now: When it is made.
        expires: When it ends.
    """
    text = KeyText(secrets.token_hex(8), secrets.token_urlsafe(32))
    key = DoorKey(
        tenant=tenant,
        label=label,
        digest=digest_of_secret(text.secret),
        cookie_secret=SecretStr(secrets.token_urlsafe(32)),
        created=now,
        expires=expires,
    )
    await key.asave(text.id)
    return text, key


async def find_key(key_id: str) -> DoorKey | None:
    """The key of this id; None where there is none.

    Raises:
        BlockUnusable: Its block holds something that cannot be used.
    """
    return await saved(DoorKey, key_id) if _ID.fullmatch(key_id) else None


async def list_keys() -> list[DoorKey]:
    """All keys, the oldest first.

    Raises:
        BlockUnusable: A block holds something that cannot be used.
    """
    return sorted(await all_saved(DoorKey), key=lambda key: (key.created, key.id))


async def end_key(key_id: str, **moments: datetime) -> DoorKey:
    """Revoke a key, or have it expire.

    Only what is given here is sent, and the server puts it to the rest: whoever has a key expire
    does not undo that somebody else revokes it at the same time. A revoked one stays as it is.

    Args:
        key_id: Its id.
        moments: `revoked`, or `expires`.

    Raises:
        KeyUnknown: There is no such key.
    """
    key, document = await _known(key_id)
    if key.revoked is not None:
        return key
    said = {field: moment.isoformat() for field, moment in moments.items()}
    async with get_client() as client:
        await client.update_block_document(
            document, BlockDocumentUpdate(data=said, merge_existing_data=True)
        )
    return key.model_copy(update=moments)


async def rotate_key(key_id: str, now: datetime, grace: timedelta) -> tuple[KeyText, DoorKey]:
    """Make a key that takes another's place, and have the old one end after a while.

    A key that was made for a time is followed by one for as long.

    Args:
        key_id: The old one's id.
        now: When the new one is made.
        grace: How long the old one still opens the door, unless it ends before.

    Raises:
        KeyUnknown: There is no such key.
        KeyEnded: It opens nothing any more.
    """
    old, _ = await _known(key_id)
    if not old.is_valid(now):
        raise KeyEnded(f"key {key_id} has ended: make one with `slideloom tenants keys add`")
    expires = now + (old.expires - old.created) if old.expires else None
    text, new = await make_key(old.tenant, old.label, now, expires)
    ends = now + grace
    if old.expires is None or ends < old.expires:
        await end_key(key_id, expires=ends)
    return text, new


async def _known(key_id: str) -> tuple[DoorKey, UUID]:
    """The key and the id of its document."""
    key = await find_key(key_id)
    if key is None or key._block_document_id is None:
        raise KeyUnknown(f"there is no key {key_id!r}: `slideloom tenants keys list` shows all")
    return key, key._block_document_id
