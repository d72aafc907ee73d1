"""The kinds of blocks as their forms show them, and what their fields refuse."""

from typing import Any

import pytest
from prefect.blocks.core import Block
from pydantic import ValidationError

import blocks
from blocks import KINDS, STORES, Tenant, TenantUnknown


def test_each_kind_can_be_found_in_the_module() -> None:
    """`prefect block register -m blocks` looks there."""
    found = {value for value in vars(blocks).values() if Block.is_block_class(value)}
    assert found == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_each_field_says_what_it_is(kind: type[Block]) -> None:
    assert kind.get_block_type_name().startswith("slideloom ")
    assert kind.get_description()
    for name, field in kind.model_fields.items():
        assert field.title, name
        assert field.description, name
        assert field.description.endswith("."), name


@pytest.mark.parametrize("kind", STORES)
def test_stores_elsewhere_are_refused(kind: type[Block]) -> None:
    with pytest.raises(ValidationError, match="local folders only for now"):
        kind(root="s3://bucket/there")


@pytest.mark.parametrize(
    "field",
    [
        {"gpu_limit": 0},
        {"gpu_limit": 1001},
        {"retention_days": 0},
        {"retention_days": -1},
        {"slide_root": "s3://bucket"},
        {"result_root": "results"},
        {"display_name": "x" * 121},
    ],
)
def test_tenants_out_of_bounds_are_refused(field: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(field))):
        Tenant(**field)


def test_an_emptied_field_means_nothing() -> None:
    tenant = Tenant(slide_root="", result_root="")
    assert tenant.slide_root is None
    assert tenant.result_root is None


def test_a_tenant_without_an_id_has_no_folders() -> None:
    with pytest.raises(TenantUnknown, match="save it"):
        Tenant().slide_path("a.svs")
