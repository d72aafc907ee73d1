"""PostgreSQL's files lie where its user reaches them and nobody else does."""

import os
import pwd
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.serve.account import Account, unprivileged
from deployments.serve.errors import DatabaseUnusable
from deployments.serve.place import ELSEWHERE, Place, place_for
from deployments.serve.programs import Programs
from tests.serve.fakes import installed

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become another user")
NO_ROOT = pytest.mark.skipif(os.geteuid() == 0, reason="root has to become another user")
_ADDRESS_BYTES = 107


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that others can enter; pytest's own they cannot."""
    with tempfile.TemporaryDirectory(prefix="slideloom-tests-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@NO_ROOT
def test_a_user_keeps_the_database_in_the_data_folder(tmp_path: Path) -> None:
    assert place_for(tmp_path) == Place(tmp_path / "postgres", None)


@AS_ROOT
def test_roots_database_is_in_the_data_folder_if_its_user_gets_there(open_folder: Path) -> None:
    place = place_for(open_folder)
    assert place.folder == open_folder / "postgres"
    assert place.account is not None
    assert place.account.uid == pwd.getpwnam(place.account.name).pw_uid != 0


@AS_ROOT
def test_otherwise_it_is_elsewhere_and_the_data_folder_stays_as_it_is(open_folder: Path) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    place = place_for(closed)
    assert place.folder.parent == ELSEWHERE
    assert place_for(closed) == place
    assert place_for(open_folder / "closed" / "..").folder != place.folder
    assert closed.stat().st_mode & 0o777 == 0o700


@AS_ROOT
def test_programs_that_its_user_cannot_reach_are_copied(open_folder: Path) -> None:
    closed = open_folder / "venv"
    programs = Programs(installed(closed, "17.10"), "17.10")
    place = Place(open_folder / "postgres", unprivileged())
    place.make()
    assert place.reachable(programs) == programs
    closed.chmod(0o700)
    copied = place.reachable(programs)
    assert copied.folder == open_folder / "postgres" / "programs-17.10" / "bin"
    assert (copied.folder / "postgres").stat().st_uid == 0
    assert place.reachable(programs) == copied


@AS_ROOT
def test_a_folder_that_its_user_cannot_enter_is_refused(open_folder: Path) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(DatabaseUnusable, match="cannot enter"):
        Place(closed / "postgres", unprivileged()).make()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseUnusable, match="no database can be kept"):
        Place(tmp_path / "file" / "postgres", None).make()


def test_the_sockets_address_is_short_enough_in_deep_folders(tmp_path: Path) -> None:
    near = Place(Path("/srv/slideloom/postgres"), None)
    assert near.socket == Path("/srv/slideloom/postgres/socket")
    deep = [Place(tmp_path / ("ü" * 60) / name, None) for name in ("one", "two")]
    for place in deep:
        assert len(os.fsencode(place.socket / ".s.PGSQL.5432.lock")) <= _ADDRESS_BYTES
    assert deep[0].socket != deep[1].socket


def test_what_is_postgresqls_own_is_closed_to_others(open_folder: Path) -> None:
    account = unprivileged()
    own = open_folder / "data"
    own.mkdir(mode=0o755)
    Place(open_folder, account).make_own(own)
    assert own.stat().st_mode & 0o777 == 0o700
    assert own.stat().st_uid == (account.uid if account else os.geteuid())


def test_a_link_in_its_stead_is_not_followed(open_folder: Path) -> None:
    target = open_folder / "target"
    target.mkdir(mode=0o755)
    (open_folder / "socket").symlink_to(target)
    with pytest.raises(DatabaseUnusable, match="cannot be made or entered"):
        Place(open_folder, unprivileged()).make_own(open_folder / "socket")
    assert target.stat().st_uid == os.geteuid()


@AS_ROOT
def test_a_folder_of_somebody_else_is_not_taken(open_folder: Path) -> None:
    (open_folder / "socket").mkdir()
    os.chown(open_folder / "socket", 54321, 54321)
    with pytest.raises(DatabaseUnusable, match="belongs to somebody else"):
        Place(open_folder, Account("postgres", 12345, 12345)).make_own(open_folder / "socket")
