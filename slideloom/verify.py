"""Shows that a model is the real InstanSeg, which one, and how fast it is on this machine."""

import time
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from slideloom.arrays import UInt8
from slideloom.engines.base import EngineInfo
from slideloom.errors import ModelUnavailable
from slideloom.models import ModelStore
from slideloom.normalisation import IDENTITY

if TYPE_CHECKING:
    from slideloom.engines.instanseg import InstanSegEngine

_SMALL_PX = 512
_LARGE_PX = 1024
_BATCH_PX = 128
_SPACING_PX = 32


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds for one tile, once, after a first call on a small one.

    Attributes:
        side_px: Side of the square tile.
        network_s: The network alone (`fcn`).
        whole_s: Normalisation, network and post-processing, as a job runs them.
        objects: Nuclei that were found; post-processing takes its time for each.
    """

    side_px: int
    network_s: float
    whole_s: float
    objects: int


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What `slideloom verify` prints.

    Attributes:
        model: What was asked for.
        path: The file that was loaded.
        source: Where it was got from.
        licence: Licence as recorded.
        type_name: Class of the TorchScript as exported: `InstanSeg_Torchscript`.
        parts: The TorchScript's submodules: network and pixel classifier.
        parameters: Number of weights.
        cells_and_nuclei: Whether the model has maps for cells, too.
        info: What the engine states: digest, pixel size, receptive field, versions.
        device: Where it ran.
        devices: What this machine has.
        instanseg_version: Of the installed package that the reference comes from.
        torch_version: Of the torch that ran it.
        timings: One per tile size.
        batch_equal: Whether a batch of four gives the labels of four batches of one, bit by bit.
    """

    model: str
    path: str
    source: str
    licence: str
    type_name: str
    parts: tuple[str, ...]
    parameters: int
    cells_and_nuclei: bool
    info: EngineInfo
    device: str
    devices: tuple[str, ...]
    instanseg_version: str
    torch_version: str
    timings: tuple[Timing, ...]
    batch_equal: bool


def verify_model(
    model: str,
    device: str = "auto",
    store: ModelStore | None = None,
    sides_px: tuple[int, ...] = (_SMALL_PX, _LARGE_PX),
) -> VerifyReport:
    """Load a recorded model and run it on synthetic tiles.

    Args:
        model: Name, `name@version` or path; `oracle` is no model and is refused.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        store: Where models are recorded; None takes the default store.
        sides_px: Sides of the tiles that are timed.

    Raises:
        ModelUnavailable: Not recorded, changed, or no InstanSeg model.
        DeviceUnavailable: The device is not there.
        EngineFailed: Numbers that are not finite.
    """
    if model == "oracle":
        raise ModelUnavailable("the oracle is a stand-in for tests: there is no model to verify")
    store = store or ModelStore()
    file = store.resolve(model)
    from slideloom.engines.devices import available_devices
    from slideloom.engines.instanseg import InstanSegEngine

    engine = InstanSegEngine(file, device, note_measured=store.note_measured)
    script = engine.script
    batch_equal = _batch_equal(engine)
    timings = tuple(_time(engine, side) for side in sides_px)
    return VerifyReport(
        model=model,
        path=str(file.path),
        source=file.record.source,
        licence=file.record.licence,
        type_name=script.type_name,
        parts=tuple(name for name, _ in script.module.named_children()),
        parameters=sum(p.numel() for p in script.module.parameters()),
        cells_and_nuclei=script.cells_and_nuclei,
        info=engine.info,
        device=engine.device,
        devices=tuple(available_devices()),
        instanseg_version=version("instanseg-torch"),
        torch_version=version("torch"),
        timings=timings,
        batch_equal=batch_equal,
    )


def synthetic_tile(side_px: int, seed: int = 0) -> UInt8:
    """(side, side, 3) uint8: pink ground, one oval haematoxylin-blue nucleus in each 32 px square.

    Nuclei are soft at the rim and grainy inside, so that a trained model finds them.
    """
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side_px, :side_px].astype(np.float64)
    depth = np.zeros((side_px, side_px))
    for top in range(0, side_px, _SPACING_PX):
        for left in range(0, side_px, _SPACING_PX):
            window = np.s_[top : top + _SPACING_PX, left : left + _SPACING_PX]
            middle = _SPACING_PX / 2 + rng.uniform(-3, 3, 2)
            axes = rng.uniform(6.0, 9.0, 2)
            radius = np.hypot(
                (y[window] - top - middle[0]) / axes[0], (x[window] - left - middle[1]) / axes[1]
            )
            depth[window] = 1.0 / (1.0 + np.exp((radius - 1.0) * 8.0))
    depth *= rng.normal(1.0, 0.12, depth.shape)
    ground, nucleus = np.array([236.0, 200.0, 222.0]), np.array([96.0, 68.0, 140.0])
    image = ground + np.clip(depth, 0.0, 1.2)[..., None] * (nucleus - ground)
    image += rng.normal(0.0, 4.0, image.shape)
    tile: UInt8 = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    return tile


def _batch_equal(engine: "InstanSegEngine") -> bool:
    """Four tiles at once against one at a time; also the first call, so that timings are warm."""
    tiles = np.stack([synthetic_tile(_BATCH_PX, seed) for seed in range(4)])
    together = engine.segment(tiles, IDENTITY)
    single = [engine.segment(tile[None], IDENTITY)[0] for tile in tiles]
    return all(a.tobytes() == b.tobytes() for a, b in zip(together, single, strict=True))


def _time(engine: "InstanSegEngine", side_px: int) -> Timing:
    """One tile, network alone and whole; a first call has been made before."""
    tile = synthetic_tile(side_px)[None]
    start = time.perf_counter()
    engine.logits(tile, IDENTITY)
    between = time.perf_counter()
    labels = engine.segment(tile, IDENTITY)[0]
    end = time.perf_counter()
    objects = int(np.count_nonzero(np.unique(labels)))
    return Timing(side_px, between - start, end - between, objects)
