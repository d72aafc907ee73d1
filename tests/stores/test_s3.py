"""Real s3fs against S3 over a line that breaks: what is outlasted, noticed, said."""

import asyncio
import logging
import multiprocessing
import threading
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from slideloom.stores import S3Options, S3Root, Store, StoreChanged, StoreFailed
from slideloom.stores.s3_connection import call, connection
from slideloom.stores.s3_writing import PART_BYTES
from tests.helpers.s3 import (
    Line,
    cuts_answer,
    drops,
    first,
    garbles_answer,
    garbles_request,
    halts_answer,
    loses_answer,
    options,
    s3_store,
    slow_down,
)
from tests.stores.other_process import claim

LARGE = bytes(range(256)) * 12_000
"""More than one piece of what is read at a time."""


@pytest.mark.parametrize("fault", [slow_down, drops, loses_answer])
def test_requests_that_fail_are_sent_again(
    s3: Store, far: Store, line: Line, fault: object
) -> None:
    assert callable(fault)
    line.breaks("PUT", fault)
    far.put("a", b"outlasted")
    line.breaks("GET", fault)
    assert far.get("a") == b"outlasted"
    line.breaks("HEAD", fault)
    assert far.has("a")
    line.breaks("GET", fault)
    assert [entry.name for entry in far.list()] == ["a"]
    line.breaks("DELETE", fault)
    far.remove("a")
    assert line.is_whole
    assert s3.list() == []


def test_tries_have_an_end(far: Store, line: Line) -> None:
    line.breaks("PUT", *[slow_down] * 9)
    with pytest.raises(StoreFailed, match=r"s3://slideloom/.*/a: .*reduce your request rate"):
        far.put("a", b"")
    assert len(line.seen) == 3


def test_a_service_that_is_not_there_is_told(tmp_path: Path) -> None:
    gone = Store(S3Root("bucket", "a"), options("http://127.0.0.1:9", tries=2))
    with pytest.raises(StoreFailed, match=r"s3://bucket/a/b: .*check the endpoint"):
        gone.fetch("b", tmp_path / "b")


def test_a_body_that_breaks_off_is_taken_up_again(s3: Store, far: Store, line: Line) -> None:
    s3.put("a", LARGE)
    until = threading.Event()
    far = Store(far.root, far.options.model_copy(update={"read_timeout_s": 0.5}))
    line.breaks("GET", cuts_answer(1_500_000), halts_answer(500_000, until))
    assert far.get("a") == LARGE
    until.set()
    assert line.is_whole
    assert len(line.seen) == 3


def test_pieces_are_read_again(s3: Store, far: Store, line: Line) -> None:
    s3.put("a", LARGE)
    line.breaks("GET", cuts_answer(100))
    assert far.read_at("a", 10, 2_000_000) == LARGE[10:2_000_010]
    line.breaks("GET", *[cuts_answer(100)] * 3)
    with pytest.raises(StoreFailed, match="could not be read"):
        far.read_at("a", 10, 2_000_000)


def test_a_body_that_always_breaks_off_leaves_no_file(
    s3: Store, far: Store, line: Line, tmp_path: Path
) -> None:
    s3.put("a", LARGE)
    line.breaks("GET", *[cuts_answer(1000)] * 3)
    with pytest.raises(StoreFailed, match=r"broke off after \d+ of 3072000 bytes"):
        far.fetch("a", tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_two_versions_are_never_mixed(s3: Store, far: Store, line: Line, tmp_path: Path) -> None:
    other = LARGE[::-1]
    for version in (None, s3.put("a", LARGE).version):
        s3.put("a", LARGE)
        line.breaks("GET", cuts_answer(1_500_000), first(lambda: s3.put("a", other)))
        if version is None:
            assert far.get("a") == other
        else:
            with pytest.raises(StoreChanged, match="replaced"):
                far.fetch("a", tmp_path / "a", version)


def test_wrong_bytes_on_the_way_there_are_sent_again(s3: Store, far: Store, line: Line) -> None:
    line.breaks("PUT", garbles_request)
    far.put("a", b"right")
    assert line.is_whole
    assert s3.get("a") == b"right"


def test_wrong_bytes_in_a_part_are_sent_again(
    s3: Store, far: Store, line: Line, tmp_path: Path
) -> None:
    given = tmp_path / "given"
    given.write_bytes(b"x" * (PART_BYTES + 3))
    line.breaks("PUT", garbles_request)
    far.put_file("a", given)
    assert s3.get("a") == given.read_bytes()


def test_wrong_bytes_of_the_first_are_written_over(s3: Store, far: Store, line: Line) -> None:
    line.breaks("PUT", garbles_request)
    assert far.put_if_absent("a", b"right")
    assert s3.get("a") == b"right"


def test_wrong_bytes_that_stay_are_told(far: Store, line: Line) -> None:
    line.breaks("PUT", *[garbles_request] * 3)
    with pytest.raises(StoreFailed, match="other bytes arrived"):
        far.put("a", b"right")


@pytest.mark.parametrize("ours", [True, False])
def test_wrong_bytes_on_the_way_back_are_read_again(
    s3: Store, far: Store, line: Line, ours: bool
) -> None:
    if ours:
        s3.put("a", b"right")
    else:
        _foreign(s3, "a", b"right")
    line.breaks("GET", garbles_answer)
    assert far.get("a") == b"right"
    line.breaks("GET", *[garbles_answer] * 3)
    with pytest.raises(StoreFailed, match="other bytes arrived than were written"):
        far.get("a")


def test_damage_in_the_store_is_noticed(s3: Store) -> None:
    """Other bytes under the metadata of what we wrote."""
    s3.put("a", b"right")
    metadata = _raw(s3, "head_object", "a")["Metadata"]
    _raw(s3, "put_object", "a", Body=b"wrong", Metadata=metadata)
    impatient = Store(s3.root, s3.options.model_copy(update={"tries": 1}))
    with pytest.raises(StoreFailed, match="damaged"):
        impatient.get("a")


@pytest.mark.parametrize("size", [5, PART_BYTES + 1])
def test_a_lost_answer_does_not_make_a_stranger_of_us(
    s3: Store, far: Store, line: Line, tmp_path: Path, size: int
) -> None:
    given = tmp_path / "given"
    given.write_bytes(b"x" * size)
    line.breaks("PUT" if size <= PART_BYTES else "POST", loses_answer)
    assert far.put_if_absent("a", given)
    assert line.is_whole
    assert not far.put_if_absent("a", b"later")
    assert s3.get("a") == given.read_bytes()


def test_a_file_that_grows_is_not_put(s3: Store, far: Store, line: Line, tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.write_bytes(b"x" * (PART_BYTES + 3))

    def grow() -> None:
        with given.open("ab") as file:
            file.write(b"more")

    line.breaks("PUT", first(grow))
    with pytest.raises(StoreFailed, match="changed meanwhile"):
        far.put_file("a", given)
    assert s3.list() == []
    answer = call(s3.options, "list_multipart_uploads", Bucket="slideloom")
    left = [upload["Key"] for upload in answer.get("Uploads", [])]
    assert s3.root.below("a") not in [S3Root("slideloom", key) for key in left]


def test_a_bucket_that_is_missing_is_told(s3_url: str) -> None:
    nowhere = Store(S3Root("no-such-bucket", ""), options(s3_url))
    for act in (lambda: nowhere.list(), lambda: nowhere.put("a", b""), lambda: nowhere.get("a")):
        with pytest.raises(FileNotFoundError, match="bucket"):
            act()


@pytest.mark.parametrize("tries", [1, 3])
def test_no_secret_shows(s3_url: str, tries: int, caplog: pytest.LogCaptureFixture) -> None:
    store = s3_store(s3_url, "slideloom", "secrets", tries=tries)
    caplog.set_level(logging.DEBUG)
    store.put("a", b"")
    with pytest.raises(FileNotFoundError) as missing:
        store.get("b")
    shown = (store, store.options, missing.value, missing.value.__cause__, caplog.text)
    assert "not-to-be-seen" not in "".join(f"{what!r}{what!s}" for what in shown)
    assert store.options.secret_access_key == SecretStr("not-to-be-seen")


@pytest.mark.parametrize(
    "given",
    [
        {"access_key_id": "a"},
        {"secret_access_key": "hidden"},
        {"endpoint_url": "ftp://host"},
        {"endpoint_url": "http://user:hidden@host"},
        {"endpoint_url": "host:9000"},
        {"tries": 0, "access_key_id": "a", "secret_access_key": "hidden"},
    ],
)
def test_options_that_cannot_be_used_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as error:
        S3Options.model_validate(given)
    assert "hidden" not in str(error.value)


def test_loops_and_threads_come_and_go(s3: Store) -> None:
    """As in a worker, which gives each run a thread and a loop of its own."""

    async def work(name: str) -> bytes:
        await asyncio.to_thread(s3.put, name, name.encode())
        return s3.get(name)  # blocks this loop, and works

    def run(name: str) -> None:
        found.append(asyncio.run(work(name)))

    found: list[bytes] = []
    for number in range(3):
        threads = [threading.Thread(target=run, args=(f"{number}-{i}",)) for i in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert len(set(found)) == 9
    assert connection(s3.options) is connection(options(str(s3.options.endpoint_url)))


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_processes_race_and_one_wins(s3: Store, method: str) -> None:
    assert not s3.has("claim")  # a forked child inherits a connection that has been used
    context = multiprocessing.get_context(method)
    racers = [context.Process(target=claim, args=(s3, b"%d" % i)) for i in range(2)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(60)
    codes = [racer.exitcode for racer in racers]
    assert sorted(codes, key=str) == [0, 7]
    assert s3.get("claim") == b"%d" % codes.index(0)


def _raw(store: Store, method: str, name: str, **arguments: object) -> dict[str, object]:
    assert isinstance(store.root, S3Root)
    place = {"Bucket": store.root.bucket, "Key": store.root.key(name)}
    return call(store.options, method, **place, **arguments)


def _foreign(store: Store, name: str, content: bytes) -> None:
    """An object that somebody else has put there, without metadata of ours."""
    _raw(store, "put_object", name, Body=content)
