"""Keeping freed memory: said where it works, and no page is fetched twice."""

from tests.helpers.page_faults import GLIBC_ONLY, page_faults

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


@GLIBC_ONLY
def test_pages_are_fetched_once() -> None:
    assert page_faults(_FAULTS, "keep") * 2 < page_faults(_FAULTS, "default")
