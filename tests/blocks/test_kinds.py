"""The kinds of blocks as their forms show them, and what their fields refuse."""

from pathlib import Path
from typing import Any

import pytest
from prefect.blocks.core import Block
from pydantic import ValidationError

import blocks
from blocks import (
    KINDS,
    STORES,
    BlockUnusable,
    ModelStore,
    ResultStore,
    S3Access,
    SlideOutside,
    SlideStore,
    Tenant,
    TenantUnknown,
)
from slideloom.stores import S3Root


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


def test_models_elsewhere_are_refused() -> None:
    with pytest.raises(ValidationError, match="local folders only"):
        ModelStore(root="s3://bucket/there")


@pytest.mark.parametrize("kind", STORES)
def test_stores_nowhere_are_refused(kind: type[Block]) -> None:
    with pytest.raises(ValidationError, match="root"):
        kind(root="http://host/there")


@pytest.mark.parametrize(
    "field",
    [
        {"gpu_limit": 0},
        {"gpu_limit": 1001},
        {"retention_days": 0},
        {"retention_days": -1},
        {"slide_root": "s3://"},
        {"slide_root": "s3://bucket/../there"},
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


def _alice(**fields: Any) -> Tenant:
    tenant = Tenant(**fields)
    tenant._block_document_name = "alice"
    return tenant


def _access(key: str) -> S3Access:
    return S3Access(access_key_id=key, secret_access_key="hidden")  # type: ignore[arg-type]


def test_a_tenant_has_its_part_of_the_stores() -> None:
    alice = _alice()
    alice.use(
        SlideStore(root="s3://bucket/slides/", access=_access("slides")),
        ResultStore(root="s3://bucket/results", access=_access("results")),
    )
    assert alice.slide_store.root == S3Root("bucket", "slides/alice")
    assert alice.result_store.root == S3Root("bucket", "results/alice")
    assert alice.slide_store.options.access_key_id == "slides"
    assert alice.result_store.options.access_key_id == "results"


def test_a_tenant_may_have_places_and_a_key_of_its_own() -> None:
    alice = _alice(slide_root="s3://alices", result_root="s3://alices/out", access=_access("own"))
    assert alice.slide_store.root == S3Root("alices", "")
    assert alice.result_store.root == S3Root("alices", "out/alice")
    assert alice.slide_store.options.access_key_id == "own"
    assert alice.result_store.options.access_key_id == "own"


def test_what_needs_a_folder_refuses_s3() -> None:
    alice = _alice(slide_root="s3://alices/slides", result_root="s3://alices/out")
    for act in (
        lambda: alice.slides,
        lambda: alice.results,
        lambda: alice.slide_path("a.svs"),
        lambda: alice.result_folder("w1", 0, 0),
    ):
        with pytest.raises(BlockUnusable, match=r"alice are in S3 .*local folders only"):
            act()


def test_slides_are_named_in_the_store_they_are_in(tmp_path: Path) -> None:
    for alice in (_alice(slide_root="s3://alices/slides"), _alice(slide_root=str(tmp_path))):
        root = alice.slide_store.root
        assert alice.slide_name("sub/../a.svs") == "a.svs"
        assert alice.slide_name(f"{root}/sub/a.svs") == "sub/a.svs"
        with pytest.raises(SlideOutside, match="alice"):
            alice.slide_name("../bob/a.svs")


@pytest.mark.parametrize(
    "wrong", [{"secret_access_key": "hidden"}, {"endpoint_url": "https://u:hidden@host"}]
)
def test_what_is_wrong_with_a_key_is_told_without_it(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as error:
        S3Access(**wrong)
    assert "hidden" not in str(error.value)
    for kind in (SlideStore, ResultStore, Tenant):
        with pytest.raises(ValidationError) as error:
            kind(access=wrong)
        assert "hidden" not in str(error.value)


def test_a_key_does_not_show() -> None:
    assert "hidden" not in f"{_access('a')!r} {_access('a').options()!r}"
    emptied = S3Access.model_validate(
        {"access_key_id": "", "secret_access_key": "", "endpoint_url": "", "region": ""}
    )
    assert emptied.options() == S3Access().options()
