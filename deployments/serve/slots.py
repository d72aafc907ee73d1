"""Which devices the workers of the pool `gpu` have here: a process each, pinned to one."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from deployments.serve.errors import ProcessFailed

DEVICE = "SLIDELOOM_DEVICE"
_TILE_TASKS = "SLIDELOOM_WORKERS"
_MOST_TILE_TASKS = 3

# Without one of these no GPU can be used: NVIDIA's driver, the same under WSL, AMD's.
_DRIVERS = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")
_COUNT = "import torch; print(torch.cuda.device_count())"
_COUNT_WITHIN_S = 120

_CPU_SLOTS = 2
"""Without a GPU: each holds a model of its own, and a laptop has not much memory."""

# Threads of several processes on the same cores only wait for each other; two round differently.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def devices(slots: int | None, *asked: str) -> list[str]:
    """The device of each process.

    Args:
        slots: How many processes; none: one for each device, on a CPU as many as it bears.
        asked: Devices to use; none, or `auto`: every GPU, or the CPU where there is none. If there
            are more processes, several share a device.

    Raises:
        ProcessFailed: It cannot be found out how many GPUs there are.
    """
    if slots == 0:
        return []
    named = [device for device in asked if device != "auto"]
    there = named or gpus() or ["cpu"] * min(_CPU_SLOTS, cores())
    return [there[number % len(there)] for number in range(slots or len(there))]


def gpus() -> list[str]:
    """`cuda:0`, … as torch sees them.

    Torch is asked only where there is a driver, and in a process of its own: it takes seconds, and
    memory for as long as a process lives.

    Raises:
        ProcessFailed: Torch does not say.
    """
    if not any(Path(driver).exists() for driver in _DRIVERS):
        return []
    command = [sys.executable, "-P", "-c", _COUNT]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_COUNT_WITHIN_S, check=True
        )
        return [f"cuda:{number}" for number in range(int(done.stdout))]
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise ProcessFailed(
            f"there is a GPU's driver, but torch does not say how many GPUs there are ({error}): "
            "name them with --device, or set SLIDELOOM_DEVICE=cpu"
        ) from error


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def slot_environment(base: Mapping[str, str], device: str, sharing: int = 1) -> dict[str, str]:
    """The environment of a process that is pinned to a device; what an operator has set stays.

    Args:
        base: Environment to start from.
        device: The device; `auto`: not pinned.
        sharing: How many processes work on this machine's CPU.
    """
    tile_tasks = {}
    if device == "cpu":
        share = min(_MOST_TILE_TASKS, max(1, cores() // max(sharing, 1)))
        tile_tasks = {_TILE_TASKS: str(share)}
    return {**_ONE_THREAD, **tile_tasks, **base, DEVICE: device}
