"""Blocks: where things are and with which key. A block is a place; what uses it is elsewhere."""

from blocks.access import S3Access
from blocks.defaults import model_folder
from blocks.errors import BlockUnusable, KeyUnknown, SlideOutside, TenantUnknown
from blocks.keys import DoorKey
from blocks.paths import is_remote
from blocks.stores import DEFAULT, STORES, ModelStore, ResultStore, SlideStore
from blocks.tenant import Tenant
from blocks.tenants import is_id, list_tenants, load_tenant, save_tenant

KINDS = (S3Access, Tenant, DoorKey, *STORES)

__all__ = [
    "DEFAULT",
    "KINDS",
    "STORES",
    "BlockUnusable",
    "DoorKey",
    "KeyUnknown",
    "ModelStore",
    "ResultStore",
    "S3Access",
    "SlideOutside",
    "SlideStore",
    "Tenant",
    "TenantUnknown",
    "is_id",
    "is_remote",
    "list_tenants",
    "load_tenant",
    "model_folder",
    "save_tenant",
]
