"""The card of an uploaded slide: a small file beside it; where there is a card there is a slide."""

import unicodedata
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.inspection import Facts
from gateway.slides.ids import CARD, UPLOADS, is_uploaded
from slideloom.stores import Store

MAX_LABEL = 120
_NO_NAME = "slide"
_CARD_BYTES = 1 << 16
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


class Card(BaseModel):
    """What is known of an uploaded slide."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[0-9a-f]{32}$", description="Its id.")
    label: str = Field(min_length=1, max_length=MAX_LABEL, description="For people.")
    size: int = Field(ge=1, description="Bytes.")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="Of the file.")
    facts: Facts = Field(description="What the file is.")
    stated_mpp: float | None = Field(None, gt=0, description="µm per pixel as the tenant says.")
    created: datetime = Field(description="When it was accepted.")
    state: Literal["ready"] = Field("ready", description="It can be used.")

    @property
    def path(self) -> str:
        """Its name in the tenant's slides."""
        return f"{UPLOADS}/{self.id}/slide.{self.facts.ending}"


def clean_label(text: str) -> str:
    """A name for people out of whatever a file was called; never used as a path."""
    base = unicodedata.normalize("NFC", text.replace("\\", "/").rstrip("/").rpartition("/")[2])
    seen = "".join(sign for sign in base if unicodedata.category(sign) not in _UNSEEN)
    return " ".join(seen.split())[:MAX_LABEL].strip() or _NO_NAME


def read_card(store: Store, upload: str) -> Card | None:
    """An uploaded slide's card; None: there is no such slide. Blocks.

    Raises:
        StoreFailed: The store does not answer.
    """
    if not is_uploaded(upload):
        return None
    try:
        text = store.read_at(f"{UPLOADS}/{upload}/{CARD}", 0, _CARD_BYTES)
        card = Card.model_validate_json(text)
    except (FileNotFoundError, ValidationError):  # somebody may have written over it
        return None
    return card if card.id == upload else None


def write_card(store: Store, card: Card) -> None:
    """Write a card, over what was there. Blocks."""
    store.put(f"{UPLOADS}/{card.id}/{CARD}", card.model_dump_json().encode())


def remove_upload(store: Store, upload: str) -> None:
    """Remove an uploaded slide, its card first: without one it is not there any more. Blocks."""
    store.remove(f"{UPLOADS}/{upload}/{CARD}")
    store.remove_below(f"{UPLOADS}/{upload}")
