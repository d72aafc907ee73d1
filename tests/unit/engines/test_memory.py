"""Keeping freed memory: said where it works, and no page is fetched twice."""

import platform
import subprocess
import sys

import pytest

_FAULTS = """
import resource, sys
import torch
from slideloom.engines.memory import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
for _ in range(3):
    torch.zeros(40_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    torch.zeros(40_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's malloc is what is told")
def test_pages_are_fetched_once() -> None:
    faults = {
        how: int(
            subprocess.run(
                [sys.executable, "-c", _FAULTS, how], capture_output=True, text=True, check=True
            ).stdout
        )
        for how in ("keep", "default")
    }
    assert faults["keep"] * 2 < faults["default"]
