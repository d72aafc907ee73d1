"""Tenants on a real server: added, listed, shown, changed, and loaded by flows."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from pydantic import SecretStr

from blocks import (
    DEFAULT,
    BlockUnusable,
    ModelStore,
    ResultStore,
    S3Access,
    SlideOutside,
    SlideStore,
    Tenant,
    TenantUnknown,
    list_tenants,
    load_tenant,
    save_tenant,
)
from deployments.cli.server import NoServer
from deployments.cli.tenants import tenants
from slideloom.errors import BadInput, ModelUnavailable, OutputUnwritable, ParametersUnusable
from tests.helpers.recorded import record_model
from tests.register.asking import ask, forget_kinds


def _command(*arguments: str) -> Any:
    return tenants(
        list(arguments), exit_on_error=False, print_error=False, result_action="return_value"
    )


def _said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert _command(*arguments) == 0
    return capsys.readouterr().out


def _limit(tenant: str) -> int:
    name = f"tag:gpu-tenant:{tenant}"
    return ask(lambda client: client.read_global_concurrency_limit_by_name(name)).limit


@pytest.mark.usefixtures("empty")
def test_add_list_show(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "none yet" in _said(capsys, "list")
    slides = tmp_path / "alice's"
    slides.mkdir()
    said = _said(
        capsys,
        *("add", "alice", "--slides", str(slides), "--results", str(tmp_path / "out")),
        *("--model", "slideloom_nuclei_small", "--gpu-limit", "4", "--retention-days", "30"),
    )
    assert said.startswith("added tenant alice\n")
    assert _limit("alice") == 4
    assert _said(capsys, "add", "bob").startswith("added tenant bob\n")
    assert _limit("bob") == 2
    shown = _said(capsys, "show", "alice")
    for what in (str(slides), str(tmp_path / "out" / "alice"), "slideloom_nuclei_small", "30 days"):
        assert what in shown
    listed = _said(capsys, "list").splitlines()
    assert [line.split()[0] for line in listed if line.startswith(("alice", "bob"))] == [
        "alice",
        "bob",
    ]
    assert str(home / "slides" / "bob") in "\n".join(listed)
    assert (home / "slides" / "bob").is_dir()


@pytest.mark.usefixtures("empty")
def test_adding_again_changes_what_is_given_and_nothing_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _said(capsys, "add", "alice", "--gpu-limit", "4", "--retention-days", "30")
    said = _said(capsys, "add", "alice", "--gpu-limit", "5")
    assert said.startswith("tenant alice was there: changed gpu limit\n")
    assert _limit("alice") == 5
    assert _said(capsys, "add", "alice").startswith("tenant alice was there: nothing changed\n")
    alice = asyncio.run(load_tenant("alice"))
    assert (alice.gpu_limit, alice.retention_days) == (5, 30)


@pytest.mark.usefixtures("empty")
def test_who_was_never_added_is_unknown_and_others_are_not_told() -> None:
    asyncio.run(save_tenant("bob", Tenant()))
    for name in ("alice", "Bob", "slideloom-tenant/bob", "../bob", "", "bob\n", "a" * 64):
        with pytest.raises(TenantUnknown, match="slideloom tenants add") as caught:
            asyncio.run(load_tenant(name))
        assert "bob" not in str(caught.value).replace(repr(name), "")
    with pytest.raises(TenantUnknown):
        _command("show", "alice")


@pytest.mark.usefixtures("empty")
def test_a_default_model_is_looked_up_in_the_servers_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record_model(tmp_path / "models", b"a model", "ours")
    with pytest.raises(ModelUnavailable, match="ours"):
        _command("add", "alice", "--model", "ours")
    asyncio.run(_put_models_in(tmp_path / "models"))
    assert "ours" in _said(capsys, "add", "alice", "--model", "ours")


async def _put_models_in(folder: Path) -> None:
    await ModelStore(root=str(folder)).asave(DEFAULT, overwrite=True)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["Alice"], TenantUnknown),
        (["slideloom-tenant/alice"], TenantUnknown),
        (["alice", "--gpu-limit", "0"], ParametersUnusable),
        (["alice", "--retention-days", "-1"], ParametersUnusable),
        (["alice", "--slides", "/nowhere/at/all"], ParametersUnusable),
        (["alice", "--model", "no_such_model"], ModelUnavailable),
    ],
)
@pytest.mark.usefixtures("empty")
def test_what_cannot_be_added_leaves_no_tenant(arguments: list[str], error: type[BadInput]) -> None:
    with pytest.raises(error):
        _command("add", *arguments)
    assert asyncio.run(list_tenants()) == []


@pytest.mark.usefixtures("empty")
def test_a_slide_folder_that_cannot_be_made(home: Path) -> None:
    home.mkdir()
    (home / "slides").write_text("a file where the folder should be")
    with pytest.raises(OutputUnwritable, match=r"is added, but .*--slides"):
        _command("add", "alice")


@pytest.mark.parametrize("command", [("list",), ("show", "alice"), ("add", "alice")])
def test_without_a_server_the_message_says_how_to_get_one(command: tuple[str, ...]) -> None:
    with (
        temporary_settings(restore_defaults={PREFECT_API_URL}),
        pytest.raises(NoServer, match="make serve"),
    ):
        _command(*command)


@pytest.mark.usefixtures("empty")
def test_folders_come_from_the_stores_where_the_tenant_names_none(
    home: Path, tmp_path: Path
) -> None:
    asyncio.run(save_tenant("alice", Tenant()))
    alice = asyncio.run(load_tenant("alice"))
    assert alice.slides == home / "slides" / "alice"
    assert alice.result_folder("w1", 0, 2) == home / "results" / "alice" / "w1" / "0-2"

    async def move() -> None:
        await SlideStore(root=f"file://{tmp_path}/s").asave(DEFAULT, overwrite=True)
        await ResultStore(root=f"{tmp_path}/r").asave(DEFAULT, overwrite=True)

    asyncio.run(move())
    alice = asyncio.run(load_tenant("alice"))
    assert alice.slides == tmp_path / "s" / "alice"
    assert alice.results == tmp_path / "r" / "alice"
    assert asyncio.run(list_tenants())[0].slides == alice.slides


@pytest.mark.usefixtures("empty")
def test_a_key_to_s3_comes_from_its_block(capsys: pytest.CaptureFixture[str]) -> None:
    """Stores and tenants refer to it: a new key counts for all, at their next look."""
    asyncio.run(_give_access("first"))
    _said(capsys, "add", "alice", "--slides", "s3://alices/slides", "--display-name", "Alice")
    _said(capsys, "add", "alice", "--display-name", "Alice's lab")
    _said(capsys, "add", "bob")
    for name, place in (("alice", "s3://alices/slides"), ("bob", "s3://bucket/slides/bob")):
        assert place in _said(capsys, "list")
        assert place in _said(capsys, "show", name)
        assert _secret(name) == "first"
    asyncio.run(_give_access("then"))
    assert _secret("alice") == _secret("bob") == "then"
    assert "then" not in _said(capsys, "show", "alice")


async def _give_access(secret: str) -> None:
    access = S3Access(access_key_id="key", secret_access_key=SecretStr(secret))
    await access.asave("lab", overwrite=True)
    store = SlideStore(root="s3://bucket/slides", access=await S3Access.aload("lab"))
    await store.asave(DEFAULT, overwrite=True)


def _secret(tenant: str) -> str:
    found = asyncio.run(load_tenant(tenant)).slide_store.options.secret_access_key
    return found.get_secret_value() if found else ""


@pytest.mark.usefixtures("empty")
def test_a_tenant_s_own_key_stays_when_it_is_changed(capsys: pytest.CaptureFixture[str]) -> None:
    async def save() -> None:
        await _give_access("own")
        access = await S3Access.aload("lab")
        await save_tenant("alice", Tenant(slide_root="s3://alices", access=access))
        await SlideStore().asave(DEFAULT, overwrite=True)

    asyncio.run(save())
    assert "display name" in _said(capsys, "add", "alice", "--display-name", "Alice")
    assert _secret("alice") == "own"
    asyncio.run(_give_access("new"))
    assert _secret("alice") == "new"


@pytest.mark.usefixtures("empty")
def test_a_loaded_tenant_keeps_to_its_folder(home: Path) -> None:
    asyncio.run(save_tenant("alice", Tenant(display_name="Alice's lab")))
    alice = asyncio.run(load_tenant("alice"))
    assert alice.name == "Alice's lab"
    assert alice.slide_path("a.svs") == (home / "slides" / "alice" / "a.svs").resolve()
    with pytest.raises(SlideOutside, match="tenant alice's slide folder"):
        alice.slide_path("../bob/a.svs")


@pytest.mark.usefixtures("empty")
def test_a_block_that_a_form_spoilt_says_which_and_where() -> None:
    """Prefect's form does not know our checks."""
    asyncio.run(save_tenant("alice", Tenant.model_construct(slide_root="http://host")))
    for read in (lambda: load_tenant("alice"), list_tenants):
        with pytest.raises(BlockUnusable, match=r"slideloom-tenant/alice: slide_root: .*absolute"):
            asyncio.run(read())


@pytest.mark.usefixtures("empty")
def test_an_unregistered_server_has_no_tenants() -> None:
    ask(forget_kinds)
    with pytest.raises(TenantUnknown):
        asyncio.run(load_tenant("alice"))
    assert asyncio.run(list_tenants()) == []
