"""A worker of pool gpu keeps the memory that its runs' threads free; others give it back."""

import platform
import subprocess
import sys

import pytest

_FAULTS = """
import resource, sys, threading
import numpy as np
from deployments.worker.__main__ import main

assert main([sys.argv[1]]) == 2  # no server is named

def work():
    for _ in range(3):
        np.ones(20_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        np.ones(20_000_000)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)

thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's malloc is what is told")
def test_only_workers_that_segment_keep_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "")
    faults = {
        pool: int(
            subprocess.run(
                [sys.executable, "-c", _FAULTS, pool], capture_output=True, text=True, check=True
            ).stdout
        )
        for pool in ("gpu", "jobs")
    }
    assert faults["gpu"] * 2 < faults["jobs"]
