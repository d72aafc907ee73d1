"""Devices by name, and processes that are pinned to one."""

from collections.abc import Iterator

import pytest

from slideloom.engines import kept
from slideloom.engines.devices import check_name, choose_device, pinned
from slideloom.engines.oracle import OracleEngine
from slideloom.errors import DeviceUnavailable
from slideloom.settings import settings
from tasks.shared import shared_engine

THERE = ["cpu", "cuda:0", "cuda:1"]


@pytest.fixture
def _pinned_to_cpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SLIDELOOM_DEVICE", "cpu")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.parametrize(
    ("asked", "there", "chosen"),
    [
        ("auto", THERE, "cuda:0"),
        ("auto", ["cpu"], "cpu"),
        ("cuda", THERE, "cuda:0"),
        ("cuda:1", THERE, "cuda:1"),
        ("cpu", THERE, "cpu"),
    ],
)
def test_what_is_asked_for_is_chosen(asked: str, there: list[str], chosen: str) -> None:
    assert choose_device(asked, there) == chosen


@pytest.mark.parametrize("asked", ["cuda", "cuda:2"])
def test_what_is_not_there_is_refused_and_what_is_there_is_said(asked: str) -> None:
    with pytest.raises(DeviceUnavailable, match="there is: cpu"):
        choose_device(asked, ["cpu"])


@pytest.mark.parametrize("asked", ["tpu", "cuda:", "cuda:-1", "CPU", ""])
def test_what_is_no_device_is_refused(asked: str) -> None:
    with pytest.raises(DeviceUnavailable, match="is no device"):
        check_name(asked)


@pytest.mark.parametrize(
    ("asked", "pin", "meant"),
    [
        ("auto", "auto", "auto"),
        ("cuda:1", "auto", "cuda:1"),
        ("auto", "cuda:1", "cuda:1"),
        ("cuda", "cuda:1", "cuda:1"),
        ("cuda:1", "cuda:1", "cuda:1"),
        ("cuda:0", "cuda", "cuda:0"),
        ("auto", "cpu", "cpu"),
    ],
)
def test_auto_means_the_device_that_the_process_is_pinned_to(
    asked: str, pin: str, meant: str
) -> None:
    assert pinned(asked, pin) == meant


@pytest.mark.parametrize(
    ("asked", "pin"), [("cuda:0", "cuda:1"), ("cuda", "cpu"), ("cpu", "cuda:0"), ("cuda:1", "cuda")]
)
def test_a_job_that_names_another_device_is_refused(asked: str, pin: str) -> None:
    with pytest.raises(DeviceUnavailable, match=rf"asks for {asked}, .* pinned to {pin}"):
        pinned(asked, pin)


@pytest.mark.usefixtures("_pinned_to_cpu")
def test_an_engine_is_loaded_once_and_on_the_pinned_device() -> None:
    assert shared_engine("oracle", "auto") is shared_engine("oracle", "cpu")
    assert ("oracle", "cpu", None) in kept.loaded()
    assert ("oracle", "auto") not in kept.loaded()
    with pytest.raises(DeviceUnavailable, match="asks for cuda, and this worker is pinned to cpu"):
        shared_engine("oracle", "cuda")


def test_few_engines_are_kept_and_the_one_used_longest_ago_goes_first() -> None:
    one, two, three = (("oracle", f"test:{number}") for number in range(3))
    first = kept.engine(one, OracleEngine)
    kept.engine(two, OracleEngine)
    assert kept.engine(one, OracleEngine) is first
    kept.engine(three, OracleEngine)
    assert kept.loaded() == [one, three]
