"""Loads an InstanSeg TorchScript and finds out whether it is one, for RGB, with sound numbers."""

import math
import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import torch

from slideloom.errors import EngineFailed, ModelUnavailable

_DEFAULT_WINDOW = 32
"""InstanSeg's own default (`InstanSeg_Torchscript.default_window_size`); older exports hide it."""
_PROBE_PX = 128
_ATTRIBUTES = ("fcn", "pixel_classifier", "pixel_size", "cells_and_nuclei")


@dataclass(frozen=True, slots=True)
class InstanSegScript:
    """A loaded model and what it says of itself.

    Attributes:
        module: The TorchScript; its forward is network and post-processing in one.
        pixel_size_um: µm per pixel that it was trained for.
        cells_and_nuclei: Whether it has two sets of maps, nuclei first.
        window_px: Half of the square around a seed in which post-processing looks for the object.
        type_name: Name of the class that was exported.
    """

    module: Any
    pixel_size_um: float
    cells_and_nuclei: bool
    window_px: int
    type_name: str

    def labels(self, pixels: torch.Tensor) -> torch.Tensor:
        """(n, height, width) float32 labels of nuclei, for (n, 3, height, width) float32.

        The pixels are clamped in place, by InstanSeg itself, to [-2, 3].
        """
        if self.cells_and_nuclei:
            nuclei_only = torch.tensor([1, 0])
            labels = self.module(pixels, target_segmentation=nuclei_only)
        else:
            labels = self.module(pixels)
        nuclei: torch.Tensor = labels[:, 0]
        return nuclei


def load_script(content: bytes, where: str, device: torch.device) -> InstanSegScript:
    """Load and examine. The content must have been verified: this runs its code.

    InstanSeg turns a map that is not a number into "no cells", without a word. So numbers are
    checked here, once: all weights are finite, and so are the logits of a probe over the range of
    inputs. Every later input is clamped to that range, [-2, 3], and logits are tens where fp32
    ends at 1e38: to look at the logits of every tile would compute the network twice for nothing.

    Args:
        content: The TorchScript file.
        where: What to call it in messages.
        device: Where it goes.

    Raises:
        ModelUnavailable: No InstanSeg TorchScript, or not one for RGB.
        EngineFailed: Weights or logits that are not finite.
    """
    try:
        module = read_script(content, device)
    except (RuntimeError, ValueError) as error:
        raise ModelUnavailable(f"{where} is no TorchScript that torch can load: {error}") from error
    missing = [name for name in _ATTRIBUTES if not hasattr(module, name)]
    if missing:
        raise ModelUnavailable(
            f"{where} is no InstanSeg model: its TorchScript ({module.original_name}) has no "
            f"{', '.join(missing)}"
        )
    script = InstanSegScript(
        module=module,
        pixel_size_um=float(module.pixel_size),
        cells_and_nuclei=bool(module.cells_and_nuclei),
        window_px=int(getattr(module, "default_window_size", _DEFAULT_WINDOW)),
        type_name=str(module.original_name),
    )
    if not (math.isfinite(script.pixel_size_um) and script.pixel_size_um > 0):
        raise ModelUnavailable(f"{where} does not say for which pixel size it was trained")
    _check_numbers(script, where, device)
    return script


def read_script(content: bytes, device: torch.device) -> Any:
    """The TorchScript in verified bytes, for inference.

    It is never specialised on the shapes of its first calls: first and later calls then run one
    plan, and on CUDA no fused kernels with other roundings take over.

    Two warnings are taken off here, which nobody can act on: InstanSeg publishes TorchScript, and
    torch calls it deprecated; and torch warns once a process that CSR tensors are young, of which
    InstanSeg's post-processing makes one. Making one here spends that warning.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.set_fusion_strategy([("STATIC", 0), ("DYNAMIC", 0)])
        torch.ones(1, 1).to_sparse_csr()
        module = torch.jit.load(BytesIO(content), map_location=device)  # type: ignore[no-untyped-call]
    return module.eval()


def _check_numbers(script: InstanSegScript, where: str, device: torch.device) -> None:
    for name, tensor in (*script.module.named_parameters(), *script.module.named_buffers()):
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise EngineFailed(f"{where} is damaged: its weights {name} are not finite")
    ramp = torch.linspace(-2.0, 3.0, _PROBE_PX, device=device)
    probe = ramp.expand(1, 3, _PROBE_PX, _PROBE_PX).contiguous()
    try:
        with torch.inference_mode():
            logits = script.module.fcn(probe)
    except RuntimeError as error:
        reason = str(error).strip().rsplit("\n", 1)[-1]
        raise ModelUnavailable(f"{where} does not take RGB tiles: {reason}") from error
    if not bool(torch.isfinite(logits).all()):
        raise EngineFailed(f"{where} gives logits that are not finite")
