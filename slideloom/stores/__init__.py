"""Stores: files by name, on a local disk or in S3; slides in S3 as local files."""

from slideloom.stores.base import Entry
from slideloom.stores.errors import DiskFull, StoreChanged, StoreFailed
from slideloom.stores.names import LocalRoot, NameRefused, Root, RootRefused, S3Root, parse_root
from slideloom.stores.options import S3Options
from slideloom.stores.store import Store

__all__ = [
    "DiskFull",
    "Entry",
    "LocalRoot",
    "NameRefused",
    "Root",
    "RootRefused",
    "S3Options",
    "S3Root",
    "Store",
    "StoreChanged",
    "StoreFailed",
    "parse_root",
]
