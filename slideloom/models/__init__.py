"""The model store, and what is known of a model. Never imports torch."""

from slideloom.models.files import ModelFile
from slideloom.models.records import ModelRecord, PublishedModel
from slideloom.models.store import SHIPPED_MODEL, Listing, ModelStore, Offer, default_root

__all__ = [
    "SHIPPED_MODEL",
    "Listing",
    "ModelFile",
    "ModelRecord",
    "ModelStore",
    "Offer",
    "PublishedModel",
    "default_root",
]
