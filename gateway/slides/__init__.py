"""Slides as tenants see them: ids, cards, finding."""

from gateway.slides.find import Slide, find_slide, list_slides, of_card, slide_named, stated_mpp
from gateway.slides.ids import slide_id_of

__all__ = [
    "Slide",
    "find_slide",
    "list_slides",
    "of_card",
    "slide_id_of",
    "slide_named",
    "stated_mpp",
]
