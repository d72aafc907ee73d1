"""The bytes of a picture depend on slide and cells, not on the machine or its user."""

import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib import font_manager
from PIL import Image

from slideloom.drawing.figures import figure_png
from slideloom.drawing.histogram import area_histogram
from slideloom.drawing.resize import resized

REPOSITORY = Path(__file__).parents[3]
HOSTILE = """
font.size: 19
font.family: monospace
axes.grid: True
axes.facecolor: red
axes.spines.left: False
axes.titlelocation: left
axes.formatter.use_locale: True
figure.facecolor: yellow
figure.constrained_layout.h_pad: 0.5
figure.dpi: 33
image.interpolation: bicubic
image.origin: lower
image.cmap: hot
legend.loc: lower left
lines.linewidth: 7
lines.antialiased: False
patch.force_edgecolor: True
path.simplify_threshold: 1.0
savefig.bbox: tight
savefig.dpi: 40
savefig.facecolor: blue
savefig.transparent: True
text.antialiased: False
text.hinting: none
xtick.direction: in
xtick.minor.visible: True
"""


def rendered(folder: Path, **environment: str) -> dict[str, Any]:
    """What `render` prints when it runs in a folder."""
    command = [sys.executable, "-m", "tests.unit.drawing.render"]
    surroundings = {**os.environ, "PYTHONPATH": str(REPOSITORY), **environment}
    done = subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return rendered(tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize(
    "environment",
    [
        {"OPENCV_CPU_DISABLE": "AVX2,FP16,AVX", "OPENCV_IPP": "disabled"},
        {"OPENCV_CPU_DISABLE": "AVX512-SKX,AVX2,FP16,AVX,SSE4.2,SSE4.1"},
        {"OPENCV_IPP": "disabled"},
    ],
)
def test_features_of_the_processor_do_not_matter(
    plain: dict[str, Any], tmp_path: Path, environment: dict[str, str]
) -> None:
    other = rendered(tmp_path, **environment)
    if other["opencv"] == plain["opencv"]:
        pytest.skip("OpenCV has nothing here that could be switched off")
    assert other["pictures"] == plain["pictures"]


def test_a_users_matplotlibrc_does_not_matter(plain: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text(HOSTILE, encoding="utf-8")
    assert rendered(tmp_path)["pictures"] == plain["pictures"]


def test_settings_of_the_process_neither_matter_nor_change() -> None:
    areas = np.array([20.0, 30.0, 31.0], np.float32)
    expected = area_histogram(areas)
    with matplotlib.rc_context({"font.size": 17.0, "axes.grid": True}):
        before = dict(matplotlib.rcParams.copy())
        assert area_histogram(areas) == expected
        assert dict(matplotlib.rcParams.copy()) == before


def test_settings_are_restored_and_the_lock_is_free_after_a_failure() -> None:
    before = dict(matplotlib.rcParams.copy())

    def fail(_: object) -> None:
        raise ValueError("broken drawing")

    with pytest.raises(ValueError, match="broken"):
        figure_png(2.0, 2.0, fail)
    assert dict(matplotlib.rcParams.copy()) == before
    thread = threading.Thread(target=area_histogram, args=(np.zeros(0, np.float32),), daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()


def test_drawing_needs_no_pyplot(tmp_path: Path) -> None:
    code = (
        "import sys, numpy; from slideloom.drawing.histogram import area_histogram as draw;"
        "draw(numpy.zeros(0, numpy.float32)); sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    surroundings = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=surroundings, check=True)


def test_the_font_is_the_one_that_matplotlib_ships(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    find = font_manager.FontManager._find_fonts_by_props

    def spy(self: font_manager.FontManager, *args: Any, **options: Any) -> list[Any]:
        found: list[Any] = find(self, *args, **options)
        asked.extend(str(path) for path in found)
        return found

    monkeypatch.setattr(font_manager.FontManager, "_find_fonts_by_props", spy)
    area_histogram(np.ones(3, np.float32))
    assert asked
    assert {Path(path).name for path in asked} == {"DejaVuSans.ttf"}
    assert all(Path(path).is_relative_to(matplotlib.get_data_path()) for path in asked)


def test_a_png_names_no_version_and_no_time() -> None:
    with Image.open(io.BytesIO(area_histogram(np.ones(3, np.float32)))) as picture:
        picture.load()
        assert set(picture.info) == {"dpi"}


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (40, 3), (700, 300)])
@pytest.mark.parametrize("size", [(1, 1), (5, 7), (90, 64)])
def test_resizing_keeps_an_even_colour(shape: tuple[int, int], size: tuple[int, int]) -> None:
    pixels = np.full((*shape, 3), (13, 200, 255), np.uint8)
    made = resized(pixels, *size)
    assert made.shape == (size[1], size[0], 3)
    assert (made == (13, 200, 255)).all()


def test_resizing_to_the_same_size_changes_nothing() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (300, 50, 3), np.uint8)
    assert np.array_equal(resized(pixels, 50, 300), pixels)
    turned = resized(pixels.transpose(1, 0, 2).copy(), 33, 21)
    assert np.abs(resized(pixels, 21, 33).astype(int) - turned.transpose(1, 0, 2)).max() <= 1
