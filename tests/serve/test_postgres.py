"""A real PostgreSQL is made, started, stopped and taken up again."""

import asyncio
import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deployments.serve.account import Account, launched, works
from deployments.serve.errors import DatabaseUnusable
from deployments.serve.guardian import Guard
from deployments.serve.place import Place
from deployments.serve.postgres import Cluster, open_cluster
from deployments.serve.processes import Process
from deployments.serve.programs import Programs, find_programs
from deployments.serve.supervisor import Patience, Supervisor
from tests.helpers.stack import temporary_cluster
from tests.serve.fakes import installed

pytestmark = pytest.mark.xdist_group("postgres")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster's files; nothing runs on them."""
    with temporary_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def guard() -> Iterator[Guard]:
    guard = Guard()
    yield guard
    guard.close()


@contextmanager
def running(cluster: Cluster, guard: Guard, log: Path) -> Iterator[Process]:
    process = Process(cluster.program(log), guard)
    try:
        process.wait_ready()
        yield process
    finally:
        process.stop()


def ask(cluster: Cluster, *statements: str) -> Any:
    """The last one's answer."""

    async def ask() -> Any:
        connection = await asyncpg.connect(cluster.url.replace("+asyncpg", ""))
        try:
            return [await connection.fetchval(statement) for statement in statements][-1]
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_it_answers_on_a_socket_only_and_keeps_what_it_is_told(
    cluster: Cluster, guard: Guard, tmp_path: Path
) -> None:
    log = tmp_path / "postgres.log"
    with running(cluster, guard, log) as process:
        assert ask(cluster, "SHOW listen_addresses") == ""
        assert ask(cluster, "SELECT current_database()") == "prefect"
        assert ask(cluster, "SHOW server_version").startswith(cluster.programs.version)
        ask(cluster, "CREATE EXTENSION pg_trgm", "CREATE TABLE kept AS SELECT 42 AS x")
        assert _owner(process.pid) != 0
    assert process.code == 0
    assert "database system is shut down" in log.read_text()
    with running(cluster, guard, log):
        assert ask(cluster, "SELECT x FROM kept") == 42


def test_it_stops_though_somebody_is_connected(
    cluster: Cluster, guard: Guard, tmp_path: Path
) -> None:
    async def stop_beneath() -> None:
        with running(cluster, guard, tmp_path / "log") as process:
            connection = await asyncpg.connect(cluster.url.replace("+asyncpg", ""))
            process.stop()
            assert process.code == 0
            connection.terminate()

    asyncio.run(stop_beneath())


def test_its_files_are_its_users_only(cluster: Cluster) -> None:
    account = cluster.place.account
    for folder in (cluster.place.data, cluster.place.socket):
        assert folder.stat().st_mode & 0o777 == 0o700
        assert folder.stat().st_uid == (account.uid if account else os.geteuid())


def test_a_lock_file_whose_number_another_process_has_got_is_removed(
    cluster: Cluster, guard: Guard, tmp_path: Path
) -> None:
    # PostgreSQL alone would not start: the process lives and is of the same user.
    sleeper = launched(["sleep", "1000"], cluster.place.account, Path("/"))
    with subprocess.Popen(sleeper) as other:
        try:
            _lock(cluster, other.pid)
            with running(cluster, guard, tmp_path / "log"):
                assert ask(cluster, "SELECT 1") == 1
        finally:
            other.kill()


def test_kept_by_a_supervisor_it_comes_back_with_all_it_knew(
    cluster: Cluster, tmp_path: Path
) -> None:
    said: list[str] = []
    log = tmp_path / "log"

    def back() -> int:
        return log.exists() and log.read_text().count("ready to accept connections") == 2

    supervisor = Supervisor(back, said.append, Patience(deaths=20))
    try:
        supervisor.start([cluster.program(log)])
        ask(cluster, "CREATE TABLE written AS SELECT 7 AS x")
        os.kill(int(ask(cluster, "SELECT pg_read_file('postmaster.pid', 0, 10)").split()[0]), 9)
        supervisor.watch()
        assert "signal SIGKILL" in said[0]
        assert ask(cluster, "SELECT x FROM written") == 7
    finally:
        supervisor.stop()


def test_one_that_runs_is_not_started_a_second_time(
    cluster: Cluster, guard: Guard, tmp_path: Path
) -> None:
    with (
        running(cluster, guard, tmp_path / "log") as process,
        pytest.raises(DatabaseUnusable, match=rf"already runs on .* \(process {process.pid}\)"),
    ):
        open_cluster(cluster.place)


def test_files_of_another_version_are_refused_and_both_are_named(
    cluster: Cluster, tmp_path: Path
) -> None:
    other = Programs(installed(tmp_path, "99.1"), "99.1")
    with pytest.raises(DatabaseUnusable) as refused:
        open_cluster(cluster.place, other)
    assert f"made by PostgreSQL {cluster.programs.major}" in str(refused.value)
    assert "this machine has 99.1" in str(refused.value)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    place = Place(tmp_path, None)
    place.data.mkdir()
    with pytest.raises(DatabaseUnusable, match="is not a database's folder"):
        open_cluster(place)


def test_what_a_killed_first_start_has_left_is_made_anew(cluster: Cluster) -> None:
    place = cluster.place
    whole = place.data.rename(place.folder / "whole")
    half = place.folder / "data.half"
    half.mkdir()
    (half / "PG_VERSION").write_text("half of it")
    try:
        remade = open_cluster(place, durable=False)
        assert not half.exists()
        assert (remade.place.data / "PG_VERSION").read_text().strip().isdigit()
    finally:
        place.data.rename(place.folder / "remade")
        whole.rename(place.data)


AS_NOBODY = """
import sys
from pathlib import Path
from deployments.serve.place import place_for
from deployments.serve.postgres import open_cluster
from deployments.serve.guardian import Guard
from deployments.serve.processes import Process
home = Path(sys.argv[1])
cluster = open_cluster(place_for(home), durable=False)
process = Process(cluster.program(home / "log"), Guard())
process.wait_ready()
print(cluster.url)
process.stop()
print(process.code)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="all other tests here run as another than root")
def test_another_user_than_root_runs_it_in_the_data_folder() -> None:
    nobody = Account("nobody", 65534, 65534)
    with tempfile.TemporaryDirectory(prefix="slideloom-tests-") as folder:
        os.chown(folder, nobody.uid, nobody.gid)
        command = [_python_for(nobody), "-c", AS_NOBODY, folder]
        done = subprocess.run(
            launched(command, nobody, Path(folder)),
            env={"PATH": os.defpath, "PYTHONPATH": f"{ROOT}:{sysconfig.get_path('purelib')}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.splitlines() == [
            f"postgresql+asyncpg://nobody@/prefect?host={folder}/postgres/socket",
            "0",
        ], done.stderr


def _python_for(account: Account) -> str:
    """This interpreter, or the system's of the same version where ours is closed to others."""
    system = f"/usr/bin/python{sys.version_info[0]}.{sys.version_info[1]}"
    for python in (sys.executable, system):
        if works([python, "-c", "import json"], account):
            return python
    return pytest.skip(f"{account.name} can run neither {sys.executable} nor {system}")


def _lock(cluster: Cluster, pid: int) -> None:
    """The lock file of a PostgreSQL that had this number."""
    text = f"{pid}\n{cluster.place.data}\n0\n5432\n{cluster.place.socket}\n\n\nready\n"
    path = cluster.place.data / "postmaster.pid"
    path.write_text(text)
    owner = cluster.place.data.stat()
    os.chown(path, owner.st_uid, owner.st_gid)
    path.chmod(0o600)


def _owner(pid: int) -> int:
    return (Path("/proc") / str(pid)).stat().st_uid


def test_this_machine_has_a_postgresql_that_will_do() -> None:
    assert find_programs().major >= 14
