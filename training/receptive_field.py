"""How far the network sees, measured on the exported file in two independent ways.

The first follows gradients: which input pixels can move one output pixel at all. The second cuts:
how much of a tile's rim must be thrown away before its interior equals that of a larger tile.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

Network = Callable[[torch.Tensor], torch.Tensor]
TRIALS = 3
PHASES = 8


def gradient_reach_px(network: Network, side_px: int = 384) -> tuple[int, int]:
    """Find the farthest input rows with a gradient to an output pixel, over all pooling phases.

    Args:
        network: maps (1, 3, side, side) to (1, outputs, side, side), differentiable.
        side_px: side of the random test image, px; a multiple of 16.

    Returns:
        Greatest reach towards lower and towards higher coordinates, px, over rows and columns.
    """
    before = after = 0
    for trial in range(TRIALS):
        generator = torch.Generator().manual_seed(trial)
        pixels = torch.rand((1, 3, side_px, side_px), generator=generator, requires_grad=True)
        output = network(pixels)
        for phase in range(PHASES):
            at = side_px // 2 + phase
            (slope,) = torch.autograd.grad(output[0, :, at, at].sum(), pixels, retain_graph=True)
            touched = slope[0].abs().sum(0) > 0
            for axis in (0, 1):
                places = touched.any(axis).nonzero().flatten()
                before = max(before, at - int(places.min()))
                after = max(after, int(places.max()) - at)
    return before, after


def context_needed_px(network: Network, side_px: int = 512, stride_px: int = 16) -> int:
    """Find the rim of a tile that differs from the same place in a larger image.

    Args:
        network: maps (1, 3, h, w) to (1, outputs, h, w).
        side_px: side of the larger random image, px.
        stride_px: alignment of the cut, px.

    Returns:
        Smallest distance from the cut, px, from which all outputs agree to 1e-4.
    """
    generator = torch.Generator().manual_seed(0)
    pixels = torch.rand((1, 3, side_px, side_px), generator=generator)
    cut = side_px // 4 // stride_px * stride_px
    with torch.no_grad():
        whole = network(pixels)[..., cut:-cut, cut:-cut]
        part = network(pixels[..., cut:-cut, cut:-cut].contiguous())
    differs = ((whole - part).abs() > 1e-4).any(1)[0]
    inner = differs.shape[0]
    for rim in range(inner // 2):
        if not bool(differs[rim : inner - rim, rim : inner - rim].any()):
            return rim
    return inner // 2
