"""A slide as the door shows it."""

from datetime import datetime

from pydantic import Field

from gateway.body import Body
from gateway.slides.find import Slide


class SlideOut(Body):
    """A slide."""

    id: str = Field(description="Its id at the door.")
    label: str = Field(description="Its name for people.")
    path: str = Field(description="What a workflow names it by.")
    uploaded: bool = Field(description="Whether it was uploaded here; others cannot be changed.")
    size: int = Field(description="Bytes; of several files those of the one that is named.")
    sha256: str | None = Field(description="Digest of the file; none: it was not uploaded.")
    format: str | None = Field(description="What kind of file it is; none: not looked at yet.")
    width_px: int | None = Field(description="Width in level-0 pixels; none: not looked at yet.")
    height_px: int | None = Field(description="Height in level-0 pixels; none: not looked at yet.")
    levels: int | None = Field(description="Levels of its pyramid; none: not looked at yet.")
    mpp: float | None = Field(
        description="µm per pixel as the file says; none: it does not, or not looked at yet."
    )
    stated_mpp: float | None = Field(
        description="µm per pixel as you have stated it, which counts; none: you have not."
    )
    created: datetime | None = Field(description="When it was uploaded; none: it was not.")


class SlidesOut(Body):
    """Some slides."""

    items: list[SlideOut] = Field(description="Uploads, the newest first, then the others.")
    next: str | None = Field(description="`cursor` of the next page; none: this is the last one.")


def slide_out(slide: Slide) -> SlideOut:
    """The slide as it is shown; of what was not uploaded only what is known without opening it."""
    card = slide.card
    facts = card.facts if card else None
    return SlideOut(
        id=slide.id,
        label=slide.label,
        path=slide.path,
        uploaded=card is not None,
        size=slide.size,
        sha256=card.sha256 if card else None,
        format=facts.format if facts else None,
        width_px=facts.width_px if facts else None,
        height_px=facts.height_px if facts else None,
        levels=facts.levels if facts else None,
        mpp=facts.mpp if facts else None,
        stated_mpp=card.stated_mpp if card else None,
        created=slide.created,
    )
