"""Keys on a real server: made, listed, rotated and revoked by the command line."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from blocks import DoorKey, Tenant, TenantUnknown, save_tenant
from blocks.errors import KeyEnded, KeyUnknown
from blocks.key_use import read_uses, write_use
from blocks.keys import KeyText, find_key, read_key
from deployments.cli.tenants import tenants
from slideloom.errors import ParametersUnusable
from tests.register.asking import ask

pytestmark = pytest.mark.usefixtures("empty")


def _command(*arguments: str) -> int:
    code: int = tenants(
        ["keys", *arguments],
        exit_on_error=False,
        print_error=False,
        result_action="return_value",
    )
    return code


def _said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert _command(*arguments) == 0
    return capsys.readouterr().out


def _shown(said: str) -> KeyText:
    """The one key in what was said, which stands alone on its line."""
    (text,) = [key for line in said.splitlines() if (key := read_key(line))]
    return text


def _key(key_id: str) -> DoorKey:
    key = asyncio.run(find_key(key_id))
    assert key is not None
    return key


@pytest.fixture
def alice() -> str:
    asyncio.run(save_tenant("alice", Tenant()))
    return "alice"


def test_a_key_is_shown_once_and_only_its_digest_is_kept(
    alice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = _shown(_said(capsys, "add", alice, "--label", "the [lab]", "--days", "30"))
    key = _key(text.id)
    assert key.proves(text.secret)
    assert (key.tenant, key.label, key.expires) == (
        "alice",
        "the [lab]",
        key.created + timedelta(days=30),
    )
    listed = _said(capsys, "list")
    assert all(what in listed for what in (text.id, "alice", "the [lab]"))
    assert text.secret not in listed
    assert key.digest not in listed
    assert key.cookie_secret.get_secret_value() not in listed


def test_keys_are_listed_by_tenant(alice: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "none yet" in _said(capsys, "list")
    hers = _shown(_said(capsys, "add", alice))
    operators = _shown(_said(capsys, "add", "--operator"))
    assert _key(operators.id).is_operators
    assert _key(operators.id).expires is None
    listed = _said(capsys, "list")
    assert hers.id in listed
    assert operators.id in listed
    only = _said(capsys, "list", alice)
    assert hers.id in only
    assert operators.id not in only


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["add", "bob"], TenantUnknown),
        (["add", "../alice"], TenantUnknown),
        (["add"], ParametersUnusable),
        (["add", "alice", "--operator"], ParametersUnusable),
        (["add", "alice", "--days", "0"], ParametersUnusable),
        (["add", "alice", "--label", "x" * 121], ParametersUnusable),
        (["rotate", "0" * 16], KeyUnknown),
        (["rotate", "0" * 16, "--grace-hours", "-1"], ParametersUnusable),
        (["revoke", "0" * 16], KeyUnknown),
        (["revoke", "slideloom-tenant/alice"], KeyUnknown),
    ],
)
def test_what_is_refused_makes_no_key(
    alice: str, arguments: list[str], error: type[Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(error):
        _command(*arguments)
    assert "none yet" in _said(capsys, "list")


def test_rotating_lets_the_old_key_end_after_the_grace(
    alice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    old = _shown(_said(capsys, "add", alice, "--label", "lab", "--days", "30"))
    before = datetime.now(UTC)
    new = _shown(_said(capsys, "rotate", old.id, "--grace-hours", "2"))
    after = datetime.now(UTC)
    assert new.id != old.id
    assert new.secret != old.secret
    was, is_now = _key(old.id), _key(new.id)
    assert (is_now.tenant, is_now.label) == ("alice", "lab")
    assert is_now.expires == is_now.created + timedelta(days=30)
    assert was.proves(old.secret)
    assert was.expires is not None
    assert before <= was.expires - timedelta(hours=2) <= after


def test_rotating_never_lengthens_a_key(alice: str, capsys: pytest.CaptureFixture[str]) -> None:
    old = _shown(_said(capsys, "add", alice, "--days", "1"))
    ends = _key(old.id).expires
    _said(capsys, "rotate", old.id, "--grace-hours", "48")
    assert _key(old.id).expires == ends


def test_a_revoked_key_is_over_and_its_last_use_is_forgotten(
    alice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = _shown(_said(capsys, "add", alice))
    at = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
    ask(lambda client: write_use(client, text.id, at))
    assert "2026-03-04 05:06 UTC" in _said(capsys, "list")
    _said(capsys, "revoke", text.id)
    first = _key(text.id).revoked
    assert first is not None
    assert ask(read_uses) == {}
    _said(capsys, "revoke", str(text))  # the whole key will do
    assert _key(text.id).revoked == first
    with pytest.raises(KeyEnded):
        _command("rotate", text.id)
    ask(lambda client: write_use(client, text.id, at))
    assert ask(read_uses) == {}


def test_a_last_use_that_somebody_spoilt_is_left_out(
    alice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = _shown(_said(capsys, "add", alice))
    at = datetime(2026, 3, 4, tzinfo=UTC)

    async def spoil(client: object) -> None:
        from prefect.client.schemas.actions import VariableCreate

        for name, value in ((f"slideloom_key_used_{text.id}", "soon"), ("slideloom_other", "x")):
            await client.create_variable(VariableCreate(name=name, value=value))  # type: ignore[attr-defined]

    ask(spoil)
    assert ask(read_uses) == {}
    ask(lambda client: write_use(client, text.id, at))
    assert ask(read_uses) == {text.id: at}
    assert text.id in _said(capsys, "list")
