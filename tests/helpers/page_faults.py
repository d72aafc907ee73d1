"""How often a program fetches pages, told by the program itself."""

import platform
import subprocess
import sys

import pytest

GLIBC_ONLY = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="glibc's malloc is what is told"
)


def page_faults(program: str, *arguments: str) -> int:
    """The number that a Python program prints."""
    command = [sys.executable, "-c", program, *arguments]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
