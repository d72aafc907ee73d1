"""Which devices the processes of a machine are pinned to."""

from pathlib import Path

import pytest

from deployments.serve import slots
from deployments.serve.slots import devices, gpus, slot_environment


@pytest.mark.parametrize(
    ("count", "asked", "given"),
    [
        (None, ["cuda:0", "cuda:1"], ["cuda:0", "cuda:1"]),
        (3, ["cuda:0", "cuda:1"], ["cuda:0", "cuda:1", "cuda:0"]),
        (1, ["cuda:0", "cuda:1"], ["cuda:0"]),
        (None, ["cpu"], ["cpu"]),
        (2, ["cpu"], ["cpu", "cpu"]),
        (0, ["cuda:0"], []),
    ],
)
def test_devices_that_are_named_are_dealt_out(
    count: int | None, asked: list[str], given: list[str]
) -> None:
    assert devices(count, *asked) == given


@pytest.mark.parametrize(("cores", "processes"), [(1, 1), (2, 2), (64, 2)])
def test_without_a_gpu_the_cpu_bears_few_processes(
    monkeypatch: pytest.MonkeyPatch, cores: int, processes: int
) -> None:
    monkeypatch.setattr(slots, "gpus", list)
    monkeypatch.setattr(slots, "cores", lambda: cores)
    assert devices(None, "auto") == ["cpu"] * processes
    assert devices(5) == ["cpu"] * 5


def test_where_there_is_a_driver_torch_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(slots, "_DRIVERS", (str(tmp_path),))
    monkeypatch.setattr(slots, "_COUNT", "print(2)")
    assert gpus() == ["cuda:0", "cuda:1"]
    monkeypatch.setattr(slots, "_COUNT", "raise OSError")
    with pytest.raises(slots.ProcessFailed, match="name them with --device"):
        gpus()
    monkeypatch.setattr(slots, "_DRIVERS", (str(tmp_path / "none"),))
    assert gpus() == []


def test_processes_on_one_cpu_share_its_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "cores", lambda: 4)
    alone, pair = (slot_environment({}, "cpu", sharing) for sharing in (1, 2))
    assert (alone["SLIDELOOM_WORKERS"], pair["SLIDELOOM_WORKERS"]) == ("3", "2")
    assert pair["OMP_NUM_THREADS"] == "1"
    assert slot_environment({}, "cpu", 9)["SLIDELOOM_WORKERS"] == "1"
    assert "SLIDELOOM_WORKERS" not in slot_environment({}, "cuda:0")


def test_what_an_operator_has_set_stays() -> None:
    given = {"SLIDELOOM_WORKERS": "5", "OMP_NUM_THREADS": "2", "SLIDELOOM_DEVICE": "auto"}
    made = slot_environment(given, "cpu", 2)
    assert (made["SLIDELOOM_WORKERS"], made["OMP_NUM_THREADS"]) == ("5", "2")
    assert made["SLIDELOOM_DEVICE"] == "cpu"
