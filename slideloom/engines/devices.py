"""Devices, said explicitly: `auto`, `cpu`, `cuda` or `cuda:N`. Nothing falls back in silence."""

import re

from slideloom.errors import DeviceUnavailable

_PATTERN = re.compile(r"auto|cpu|cuda(:\d{1,3})?")


def available_devices() -> list[str]:
    """`cpu`, and `cuda:0`, … as torch sees them."""
    import torch

    return ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]


def check_name(asked: str) -> None:
    """Look whether it is a device's name.

    Raises:
        DeviceUnavailable: It is not.
    """
    if not _PATTERN.fullmatch(asked):
        raise DeviceUnavailable(f"{asked!r} is no device: use auto, cpu, cuda or cuda:N")


def pinned(asked: str, pin: str) -> str:
    """What a job's device means in a process that is pinned to one.

    Args:
        asked: What the job says: `auto`, `cpu`, `cuda` (whichever there is), `cuda:N`.
        pin: The process's own: `cpu`, `cuda` (the first), `cuda:N`; `auto`: it is not pinned.

    Raises:
        DeviceUnavailable: The job names another one.
    """
    if pin == "auto":
        return asked
    own = "cuda:0" if pin == "cuda" else pin
    if asked in {"auto", own} or (asked == "cuda" and own.startswith("cuda")):
        return own
    raise DeviceUnavailable(
        f"the job asks for {asked}, and this worker is pinned to {own}: leave the job's device at "
        f"auto, or start a worker with SLIDELOOM_DEVICE={asked}"
    )


def choose_device(asked: str, available: list[str]) -> str:
    """The device to use, as torch names it.

    Args:
        asked: `auto` (the first CUDA device if there is one, else the CPU), `cpu`, `cuda`,
            `cuda:N`.
        available: What is there, as `available_devices()` gives it.

    Raises:
        DeviceUnavailable: Not a device, or not on this machine; the message says what is.
    """
    check_name(asked)
    if asked == "auto":
        return "cuda:0" if "cuda:0" in available else "cpu"
    wanted = "cuda:0" if asked == "cuda" else asked
    if wanted not in available:
        raise DeviceUnavailable(
            f"{asked} is not on this machine; there is: {', '.join(available)}. Use --device auto"
        )
    return wanted
