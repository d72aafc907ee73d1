"""InstanSeg behind the engine's protocol: its own TorchScript, from pixels to labels.

What was checked on a CPU, and is tested: batch 4 and batch 1 give equal bytes, and so do first and
later calls, and calls from several threads at once on one module (its forward writes to nothing but
its own tensors, and runs without Python's lock). One torch thread per call: two round differently.

What cannot be equal: InstanSeg's coordinate map (`generate_coordinate_map`) has a step of
0.25 · w / (w - 1) along a side of w pixels, so tiles of different sizes give the same logits beyond
the receptive field, but rims of objects that may differ by a pixel. Tiles of one size give equal
objects wherever they begin; a tile that is cut at the slide's end, or a whole slide in one tile,
may differ from them in the rim of a few.
"""

import logging
import threading
from collections.abc import Callable
from importlib.metadata import version

import numpy as np
import torch

from slideloom.arrays import Float32, Int32, UInt8
from slideloom.engines import receptive_field
from slideloom.engines.base import EngineInfo
from slideloom.engines.batching import halving
from slideloom.engines.devices import available_devices, choose_device
from slideloom.engines.memory import keep_freed_memory
from slideloom.engines.torchscript import InstanSegScript, load_script
from slideloom.errors import EngineFailed, ParametersUnusable
from slideloom.models import ModelFile
from slideloom.normalisation import Normalisation

ENGINE_VERSION = 1
"""Raised whenever this code may give other labels than before; part of every part's key."""
STRIDE_PX = 16
"""The UNet pools by 8; InstanSeg pads to multiples of 16 (`_instanseg_padding`)."""
SMALLEST_TILE_PX = 128
_MOST_EXACT_LABELS = 2**24
_log = logging.getLogger(__name__)


class InstanSegEngine:
    """A recorded InstanSeg model on one device. Safe to call from several threads.

    On a CPU as many calls run at once as `threads` says, on CUDA one: two would share its memory
    and gain nothing. Intra-op parallelism of torch is set to one thread in every calling thread.

    Args:
        file: From the model store.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        threads: Calls of `segment` that may run at the same time on a CPU.
        note_measured: Keeps a receptive field that had to be measured (`ModelStore.note_measured`).

    Raises:
        ModelUnavailable: The file changed, or is no InstanSeg model for RGB.
        DeviceUnavailable: The device is not there.
        EngineFailed: The model's numbers are not finite.
        ParametersUnusable: `threads` is not positive.
    """

    def __init__(
        self,
        file: ModelFile,
        device: str = "auto",
        threads: int = 1,
        note_measured: Callable[[ModelFile, int], None] | None = None,
    ) -> None:
        """Verify, load, examine."""
        if threads < 1:
            raise ParametersUnusable(f"an engine needs at least one thread, not {threads}")
        self._device = torch.device(choose_device(device, available_devices()))
        _use_plain_fp32()
        if self._device.type == "cpu":
            keep_freed_memory()
        content = file.read()
        self._script = load_script(content, str(file.path), self._device)
        reach = file.record.receptive_field_px
        if reach is None:
            reach = receptive_field.measure(content)
            _keep(file, reach, note_measured)
        self._info = _info(file, self._script, self._device, reach)
        self._slots = threading.BoundedSemaphore(threads if self._device.type == "cpu" else 1)
        self._fitting: int | None = None if self._info.wants_batches else 1

    @property
    def info(self) -> EngineInfo:
        """Facts for the planner; constant."""
        return self._info

    @property
    def device(self) -> str:
        """Where it runs, as torch names it."""
        return str(self._device)

    @property
    def script(self) -> InstanSegScript:
        """The loaded model, for `slideloom.verify`."""
        return self._script

    def segment(self, batch: UInt8, normalisation: Normalisation) -> list[Int32]:
        """Labels of the nuclei of each tile.

        Tiles smaller than `info.smallest_tile_px` along an axis are mirrored at their lower and
        right edge up to it, and what is found is cut back: post-processing wants twice its window.

        Args:
            batch: (n, height, width, 3) uint8 RGB at `info.mpp`.
            normalisation: The slide's constants.

        Returns:
            n arrays (height, width) int32; 0 is background.

        Raises:
            EngineFailed: Wrong shape, numbers that are not finite, no memory, or a lost device.
        """
        _check_input(batch, normalisation)
        count, height, width = batch.shape[:3]
        if not count or not height or not width:
            return [np.zeros((height, width), np.int32) for _ in range(count)]
        padded = _pad(batch)
        with self._slots:
            done = halving(
                lambda part: self._run(part, normalisation), padded, is_oom, self._fitting
            )
            if done.size < count:
                self._fitting = done.size
        return [np.ascontiguousarray(labels[:height, :width]) for labels in done.results]

    def logits(self, batch: UInt8, normalisation: Normalisation) -> Float32:
        """The network alone: (n, maps, height, width) float32; sides are multiples of 16."""
        with self._slots, torch.inference_mode():
            pixels = self._tensor(batch, normalisation).clamp_(-2.0, 3.0)
            maps: Float32 = self._script.module.fcn(pixels).float().cpu().numpy()
        return maps

    def _run(self, part: UInt8, normalisation: Normalisation) -> list[Int32]:
        """One forward pass; memory errors pass as they are, for `halving`."""
        try:
            with torch.inference_mode():
                found = self._script.labels(self._tensor(part, normalisation)).cpu().numpy()
        except (RuntimeError, torch.jit.Error) as error:
            if is_oom(error):
                raise
            reason = str(error).strip().rsplit("\n", 1)[-1]
            raise EngineFailed(f"{self._info.name} failed on {self._device}: {reason}") from error
        if not np.all((found >= 0) & (found < _MOST_EXACT_LABELS)):  # false for NaN, too
            raise EngineFailed(f"{self._info.name} gave labels that are no whole numbers")
        return list(found.astype(np.int32))

    def _tensor(self, part: UInt8, normalisation: Normalisation) -> torch.Tensor:
        """(n, 3, height, width) float32 on the device; this thread is set to one torch thread."""
        if torch.get_num_threads() != 1:
            torch.set_num_threads(1)
        pixels = np.ascontiguousarray(normalisation.apply(part).transpose(0, 3, 1, 2))
        return torch.from_numpy(pixels).to(self._device)


def is_oom(error: Exception) -> bool:
    """Whether memory ran out. TorchScript's interpreter turns the error's type into text."""
    text = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError)
        and ("out of memory" in text or "can't allocate memory" in text)
    )


def _check_input(batch: UInt8, normalisation: Normalisation) -> None:
    if batch.ndim != 4 or batch.shape[-1] != 3 or batch.dtype != np.uint8:
        raise EngineFailed(
            f"InstanSeg wants (n, height, width, 3) uint8, not {batch.shape} {batch.dtype}"
        )
    if not np.all(np.isfinite([*normalisation.low, *normalisation.high])):
        raise EngineFailed(f"the normalisation is not finite: {normalisation}")


def _pad(batch: UInt8) -> UInt8:
    """Mirrored below and to the right up to the smallest tile; as it is where large enough."""
    missing = [max(0, SMALLEST_TILE_PX - side) for side in batch.shape[1:3]]
    if not any(missing):
        return batch
    return np.pad(batch, ((0, 0), (0, missing[0]), (0, missing[1]), (0, 0)), mode="reflect")


def _keep(
    file: ModelFile, reach: int, note_measured: Callable[[ModelFile, int], None] | None
) -> None:
    if note_measured is None:
        return
    try:
        note_measured(file, reach)
    except OSError as error:
        _log.warning("the measured receptive field could not be kept, next time again: %s", error)


def _info(file: ModelFile, script: InstanSegScript, device: torch.device, reach: int) -> EngineInfo:
    """Facts of the loaded model.

    The largest object is the square of post-processing, two windows wide. A chain of proposals
    that InstanSeg merges (IoU > 0.3) can exceed it by a few pixels; merging tiles copes with that.
    """
    return EngineInfo(
        name=file.record.name,
        version=file.record.version,
        digest=file.record.sha256,
        mpp=script.pixel_size_um,
        stride_px=STRIDE_PX,
        receptive_field_px=reach,
        largest_object_px=2 * script.window_px,
        smallest_tile_px=SMALLEST_TILE_PX,
        numeric_profile=f"{device.type}-fp32",
        engine_version=(
            f"instanseg-torch {version('instanseg-torch')} / torch {version('torch')} / "
            f"engine {ENGINE_VERSION}"
        ),
    )


def _use_plain_fp32() -> None:
    """No TF32 and no search for the fastest kernel: `cuda-fp32` shall mean one result."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
