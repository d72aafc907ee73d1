"""The InstanSeg engine on a tiny real export of InstanSeg."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from slideloom.arrays import Bool, Int32, UInt8
from slideloom.engines import receptive_field
from slideloom.engines.instanseg import InstanSegEngine, is_oom
from slideloom.engines.loading import load_engine
from slideloom.errors import (
    DeviceUnavailable,
    EngineFailed,
    ModelUnavailable,
    ParametersUnusable,
)
from slideloom.models import ModelFile, ModelStore
from slideloom.normalisation import IDENTITY, Normalisation
from tests.helpers.recorded import record_model
from tests.helpers.tiny_instanseg import nuclei, script_without, tiny_instanseg

REACH = 88
"""Convolutions of a four-level InstanSeg UNet: 4 · (1 + 2 + 4 + 8) + 4 · (4 + 2 + 1)."""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> ModelFile:
    return record_model(tmp_path_factory.mktemp("store"), tiny_instanseg())


@pytest.fixture(scope="module")
def engine(recorded: ModelFile) -> InstanSegEngine:
    return InstanSegEngine(recorded, "cpu", threads=2)


def one(engine: InstanSegEngine, tile: UInt8) -> Int32:
    return engine.segment(tile[None], IDENTITY)[0]


def test_first_and_later_calls_batches_and_threads_give_equal_labels(recorded: ModelFile) -> None:
    fresh = InstanSegEngine(recorded, "cpu", threads=3)
    tiles = np.stack([nuclei(seed, 192, 176, 25) for seed in range(4)])
    first = fresh.segment(tiles, IDENTITY)
    assert all(labels.max() > 5 for labels in first)
    singles = [one(fresh, tile) for tile in tiles]
    with ThreadPoolExecutor(3) as pool:
        threaded = list(pool.map(lambda tile: one(fresh, tile), np.concatenate([tiles, tiles])))
    for index, labels in enumerate(first):
        assert labels.dtype == np.int32
        assert labels.shape == (192, 176)
        assert labels.tobytes() == singles[index].tobytes()
        assert labels.tobytes() == threaded[index].tobytes() == threaded[index + 4].tobytes()


def test_it_gives_the_labels_of_instansegs_own_forward(engine: InstanSegEngine) -> None:
    tile = nuclei(7, 160, 208, 30)
    pixels = torch.from_numpy(tile.astype(np.float32) / 255).permute(2, 0, 1)[None].contiguous()
    with torch.inference_mode():
        own = engine.script.module(pixels)[0, 0].numpy()
    assert np.array_equal(one(engine, tile), own)


@pytest.mark.parametrize("side", [1, 2, 8, 16, 31, 63, 64, 65, 127, 128, 130])
def test_small_tiles(engine: InstanSegEngine, side: int) -> None:
    tile = nuclei(1, 130, 130, 40)
    for part in (tile[:side, :side], tile[:side], tile[:, :side]):
        labels = one(engine, part)
        assert labels.shape == part.shape[:2]
        dark = part[..., 0] < 200
        assert not np.any(labels[~_near(dark)])
        if side >= 16:
            assert labels.max() > 0


def _near(mask: Bool) -> Bool:
    """The mask grown by 4 px, as far as the tiny model's blur reaches."""
    padded = np.pad(mask, 4)
    shifted = [
        padded[y : y + mask.shape[0], x : x + mask.shape[1]] for y in range(9) for x in range(9)
    ]
    near: Bool = np.any(shifted, axis=0)
    return near


def test_a_small_tile_has_the_objects_of_its_inside(engine: InstanSegEngine) -> None:
    tile = np.full((40, 50, 3), 255, np.uint8)
    y, x = np.ogrid[:40, :50]
    tile[(y - 20) ** 2 + (x - 25) ** 2 < 36] = (60, 50, 110)
    labels = one(engine, tile)
    assert labels[20, 25] > 0
    assert len(np.unique(labels)) == 2


def test_white_and_empty_tiles_have_no_labels(engine: InstanSegEngine) -> None:
    white = np.full((2, 144, 144, 3), 255, np.uint8)
    assert not np.any(engine.segment(white, IDENTITY))
    assert engine.segment(white[:0], IDENTITY) == []
    assert one(engine, white[0, :0]).shape == (0, 144)


def test_nuclei_are_taken_of_a_model_for_cells_and_nuclei(tmp_path: Path) -> None:
    both = InstanSegEngine(
        record_model(tmp_path, tiny_instanseg(cells_and_nuclei=True, pixel_size=0.25)), "cpu"
    )
    tile = nuclei(3, 128, 128, 12)
    pixels = torch.from_numpy(tile.astype(np.float32) / 255).permute(2, 0, 1)[None].contiguous()
    with torch.inference_mode():
        own = both.script.module(pixels, resolve_cell_and_nucleus=False)
    assert own.shape[1] == 2
    assert not torch.equal(own[0, 0], own[0, 1])
    assert np.array_equal(one(both, tile), own[0, 0].numpy())
    assert both.info.mpp == 0.25


def test_what_it_states(engine: InstanSegEngine, recorded: ModelFile) -> None:
    info = engine.info
    assert (info.name, info.version) == ("tiny", "1")
    assert info.digest == recorded.record.sha256
    assert (info.mpp, info.stride_px, info.largest_object_px) == (0.5, 16, 64)
    assert (info.smallest_tile_px, info.numeric_profile) == (128, "cpu-fp32")
    assert "instanseg-torch 0.1.2" in info.engine_version
    assert torch.__version__ in info.engine_version


def test_the_receptive_field_is_measured_once_and_bounds_the_gradient(tmp_path: Path) -> None:
    content = tiny_instanseg()
    reach = receptive_field.measure(content)
    assert REACH <= reach <= REACH + 7  # pooling adds what is left of its squares
    file = record_model(tmp_path, content, receptive_field_px=None)
    store = ModelStore(tmp_path, shipped=tmp_path / "none")
    assert load_engine("tiny", "cpu", store=store).info.receptive_field_px == reach
    kept = store.resolve("tiny")
    assert kept.record.receptive_field_px == reach
    assert kept.record.sha256 == file.record.sha256

    network = InstanSegEngine(kept, "cpu").script.module.fcn
    pixels = torch.rand(1, 3, 16, 480, generator=torch.Generator().manual_seed(0))
    pixels.requires_grad_()
    (slope,) = torch.autograd.grad(network(pixels)[..., 240].sum(), pixels)
    lit = slope.abs().sum((0, 1, 2)).nonzero()
    assert int((lit - 240).abs().max()) <= reach


def test_a_pixel_beyond_the_receptive_field_changes_nothing(engine: InstanSegEngine) -> None:
    reach = engine.info.receptive_field_px
    image = nuclei(5, 32, 400, 40)
    other = image.copy()
    other[:, : 200 - reach] = 255 - other[:, : 200 - reach]
    network = engine.script.module.fcn
    with torch.inference_mode():
        a, b = (
            network(torch.from_numpy(i.astype(np.float32) / 255).permute(2, 0, 1)[None])
            for i in (image, other)
        )
    assert torch.equal(a[..., 200:], b[..., 200:])
    assert not torch.equal(a, b)


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path, engine: InstanSegEngine) -> None:
    with pytest.raises(EngineFailed, match="not finite"):
        InstanSegEngine(record_model(tmp_path, tiny_instanseg(poison=True)), "cpu")
    tile = np.zeros((1, 128, 128, 3), np.uint8)
    with pytest.raises(EngineFailed, match="normalisation"):
        engine.segment(tile, Normalisation((0.0, float("nan"), 0.0), (255.0, 255.0, 255.0)))
    with pytest.raises(EngineFailed, match="wants"):
        engine.segment(tile[..., :2], IDENTITY)


@pytest.mark.parametrize("missing", ["pixel_size", "fcn", "rgb"])
def test_a_torchscript_that_is_no_instanseg_model_is_refused(tmp_path: Path, missing: str) -> None:
    file = record_model(tmp_path, script_without(missing))
    with pytest.raises(ModelUnavailable, match="RGB" if missing == "rgb" else missing):
        InstanSegEngine(file, "cpu")


def test_devices_and_threads_are_checked(recorded: ModelFile) -> None:
    with pytest.raises(DeviceUnavailable, match="there is: cpu"):
        InstanSegEngine(recorded, "cuda:99")
    with pytest.raises(ParametersUnusable):
        InstanSegEngine(recorded, "cpu", threads=0)


def test_a_changed_file_is_never_loaded(tmp_path: Path) -> None:
    file = record_model(tmp_path, tiny_instanseg())
    file.path.write_bytes(file.path.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelUnavailable, match="not the file that was recorded"):
        InstanSegEngine(file, "cpu")


class _Crowded:
    """Stands for the script's module: no room for more than one tile, or none at all."""

    def __init__(self, module: object, room: int) -> None:
        self.module, self.room, self.sizes = module, room, list[int]()

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        self.sizes.append(len(pixels))
        if len(pixels) > self.room:
            raise RuntimeError("The following operation failed\nRuntimeError: CUDA out of memory.")
        return self.module(pixels)  # type: ignore[operator, no-any-return]


def test_memory_that_runs_out_halves_the_batch(
    recorded: ModelFile, engine: InstanSegEngine
) -> None:
    tight = InstanSegEngine(recorded, "cpu")
    module = tight.script.module
    crowded = _Crowded(module, room=1)
    object.__setattr__(tight.script, "module", crowded)
    tiles = np.stack([nuclei(seed, 128, 128, 10) for seed in range(4)])
    wanted = engine.segment(tiles, IDENTITY)
    tight.segment(tiles, IDENTITY)
    assert crowded.sizes == [1, 1, 1, 1]  # a CPU gains nothing from more
    tight._fitting = None  # as on a GPU
    for labels, expected in zip(tight.segment(tiles, IDENTITY), wanted, strict=True):
        assert np.array_equal(labels, expected)
    assert crowded.sizes[4:] == [4, 2, 1, 1, 1, 1]
    tight.segment(tiles, IDENTITY)
    assert crowded.sizes[10:] == [1, 1, 1, 1]  # it has learnt
    crowded.room = 0
    with pytest.raises(EngineFailed, match="smaller tiles"):
        tight.segment(tiles, IDENTITY)


def test_what_counts_as_running_out_of_memory() -> None:
    assert is_oom(torch.OutOfMemoryError("x"))
    assert is_oom(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"))
    assert not is_oom(RuntimeError("shape mismatch"))
    assert not is_oom(ValueError("out of memory"))
