"""A worker of pool gpu keeps the memory that its runs' threads free; others give it back."""

import pytest

from tests.helpers.page_faults import GLIBC_ONLY, page_faults

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


@GLIBC_ONLY
def test_only_workers_that_segment_keep_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "")
    assert page_faults(_FAULTS, "gpu") * 2 < page_faults(_FAULTS, "jobs")
