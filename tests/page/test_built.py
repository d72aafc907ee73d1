"""What the built page weighs, and the tests of its logic."""

import gzip
import json
import os
import re
import subprocess
from pathlib import Path

from tests.page.browser import PAGE, missing, node, skip_without

DIST = PAGE / "dist"
MOST_BYTES = 300_000


def first_view() -> list[Path]:
    """The files that a browser loads before anything is shown."""
    manifest = json.loads((DIST / "manifest.json").read_text())
    files, open_ = {"index.html", "favicon.svg"}, ["index.html"]
    while open_:
        chunk = manifest[open_.pop()]
        files |= {chunk["file"], *chunk.get("css", [])}
        open_ += chunk.get("imports", [])
    return [DIST / name for name in sorted(files)]


def test_the_first_view_is_small() -> None:
    skip_without(missing(a_browser=False))
    files = first_view()
    packed = {file.name: len(gzip.compress(file.read_bytes(), 9)) for file in files}
    assert any(name.endswith(".js") for name in packed)
    assert sum(packed.values()) < MOST_BYTES, packed
    assert not any(b"openseadragon-canvas" in file.read_bytes() for file in files)


def test_nothing_is_inline_or_from_elsewhere() -> None:
    skip_without(missing(a_browser=False))
    html = (DIST / "index.html").read_text()
    assert re.findall(r"<script(?![^>]*\ssrc=)[^>]*>|<style|\sstyle=|\son\w+=", html) == []
    assert re.findall(r"(?:src|href)=\"(?!/)[^\"]*\"", html) == []


def test_its_logic() -> None:
    skip_without(missing(a_browser=False))
    run = subprocess.run(
        [node() or "node", "node_modules/vitest/vitest.mjs", "run"],
        cwd=PAGE,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
