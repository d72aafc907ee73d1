"""Devices, halving, and what may be imported without torch."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from slideloom.arrays import UInt8
from slideloom.engines.batching import halving
from slideloom.engines.devices import available_devices, choose_device
from slideloom.engines.loading import load_engine
from slideloom.errors import DeviceUnavailable, EngineFailed


@pytest.mark.parametrize(
    ("asked", "available", "chosen"),
    [
        ("auto", ["cpu"], "cpu"),
        ("auto", ["cpu", "cuda:0", "cuda:1"], "cuda:0"),
        ("cpu", ["cpu", "cuda:0"], "cpu"),
        ("cuda", ["cpu", "cuda:0"], "cuda:0"),
        ("cuda:1", ["cpu", "cuda:0", "cuda:1"], "cuda:1"),
    ],
)
def test_the_device_that_is_chosen(asked: str, available: list[str], chosen: str) -> None:
    assert choose_device(asked, available) == chosen


@pytest.mark.parametrize("asked", ["cuda", "cuda:2", "mps", "CPU", "", "cuda:", "cuda:-1", "cpu\n"])
def test_a_device_that_is_not_there_is_refused(asked: str) -> None:
    available = ["cpu"] if asked == "cuda" else ["cpu", "cuda:0"]
    with pytest.raises(DeviceUnavailable):
        choose_device(asked, available)


def test_the_refusal_says_what_is_there() -> None:
    with pytest.raises(DeviceUnavailable, match="there is: cpu, cuda:0"):
        choose_device("cuda:7", ["cpu", "cuda:0"])
    assert available_devices()[0] == "cpu"


def _is_oom(error: Exception) -> bool:
    return isinstance(error, torch.OutOfMemoryError)


class Device:
    """Has room for `room` tiles at once; a tile's result is its first value."""

    def __init__(self, room: int) -> None:
        self.room, self.sizes = room, list[int]()

    def segment(self, part: UInt8) -> list[int]:
        self.sizes.append(len(part))
        if len(part) > self.room:
            raise torch.OutOfMemoryError("no room")
        return [int(tile.flat[0]) for tile in part]


def _batch(count: int) -> UInt8:
    return np.arange(count, dtype=np.uint8)[:, None, None, None].repeat(3, axis=-1)


@given(count=st.integers(0, 40), room=st.integers(1, 48), size=st.none() | st.integers(1, 48))
def test_every_tile_is_done_once_and_in_order(count: int, room: int, size: int | None) -> None:
    device = Device(room)
    done = halving(device.segment, _batch(count), _is_oom, size)
    assert done.results == list(range(count))
    assert sum(n for n in device.sizes if n <= room) == count
    assert 1 <= done.size <= max(count, 1)
    assert sum(n > room for n in device.sizes) <= 6  # 40 halves to 1 in six steps


def test_when_not_one_tile_fits_the_error_says_what_to_do() -> None:
    device = Device(0)
    with pytest.raises(EngineFailed, match="smaller tiles"):
        halving(device.segment, _batch(8), _is_oom)
    assert device.sizes == [8, 4, 2, 1]


def test_other_errors_pass_through() -> None:
    def broken(part: UInt8) -> list[int]:
        raise ValueError("not memory")

    with pytest.raises(ValueError, match="not memory"):
        halving(broken, _batch(4), _is_oom)


def test_the_oracle_by_name() -> None:
    assert load_engine("oracle").info.name == "oracle"


def test_protocol_oracle_loading_and_model_store_do_without_torch() -> None:
    code = (
        "import sys, slideloom.engines.base, slideloom.engines.devices, slideloom.models\n"
        "import slideloom.verify\n"
        "from slideloom.engines.loading import load_engine\n"
        "load_engine('oracle')\n"
        "slideloom.models.ModelStore().list()\n"
        "sys.exit(any(name.split('.')[0] in ('torch', 'instanseg') for name in sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
