"""Measures how far an input pixel reaches in a network's logits, whatever its weights are.

The gradient's support at random inputs gives a lower bound only: rectifiers that happen to be off
and weights that happen to cancel hide paths. Here the network is copied, every weight becomes the
positive mean of its fan-in and every bias zero. Then nothing cancels, no rectifier is off, pooling
passes on what is larger than zero, and zeros give zeros: a logit differs from zero exactly where a
path leads from a lit input pixel to it. So the result is the receptive field of the architecture
(compare the probe of StarDist's `_compute_receptive_field`, which lights one pixel of a trained
network).
"""

from typing import Any

import torch

from slideloom.engines.torchscript import read_script

LIMIT_PX = 256
"""A network that reaches at least this far (global pooling, instance norm) counts as this."""
_PHASES = 16
_HEIGHT = 16


def measure(content: bytes) -> int:
    """Receptive-field radius in pixels, at most `LIMIT_PX`, of a verified InstanSeg file.

    One pixel column, then one pixel row, is lit at each of 16 phases of the pooling grid.

    Args:
        content: The TorchScript file; its `fcn` is measured.
    """
    network = read_script(content, torch.device("cpu")).fcn.float()
    size = 2 * LIMIT_PX + _PHASES
    lit = torch.zeros(_PHASES, 3, _HEIGHT, size)
    phases = torch.arange(_PHASES)
    lit[phases, :, :, LIMIT_PX + phases] = 1e6
    with torch.inference_mode():
        _make_positive(network)
        across = network(lit).ne(0).any(dim=1).any(dim=1)
        down = network(lit.transpose(2, 3).contiguous()).ne(0).any(dim=1).any(dim=2)
    distance = (torch.arange(size)[None] - (LIMIT_PX + phases)[:, None]).abs()
    farthest = int((distance * (across | down)).max())
    return min(farthest, LIMIT_PX)


def _make_positive(network: Any) -> None:
    """Weights of convolutions to 1 / fan-in, scales to 1, biases and running means to 0."""
    for name, tensor in network.named_parameters():
        if tensor.ndim > 1:
            tensor.fill_(tensor.shape[0] / tensor.numel())
        else:
            tensor.fill_(0.0 if name.endswith("bias") else 1.0)
    for name, tensor in network.named_buffers():
        if tensor.is_floating_point():
            tensor.fill_(0.0 if name.endswith("mean") else 1.0)
