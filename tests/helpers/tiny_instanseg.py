"""A tiny real InstanSeg export, made through InstanSeg's own code, for tests without weights.

The network is InstanSeg's UNet with four levels of 8 channels and seeded random weights of small
scale, so every layer takes part. On top of them one channel is wired by hand to carry darkness
(1 - red), blurred, into the seed and sigma maps, and the pixel classifier to fall off with the
distance from the seed: it finds dark blobs, and nothing on white.
"""

import warnings
from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np
import torch

from slideloom.arrays import UInt8

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # torch.jit.script calls itself deprecated
    from instanseg.utils.loss.instanseg_loss import InstanSeg_Torchscript, ProbabilityNet
    from instanseg.utils.model_loader import build_model_from_dict

_SMALL = 0.03


@lru_cache(maxsize=4)
def tiny_instanseg(
    seed: int = 0, cells_and_nuclei: bool = False, pixel_size: float = 0.5, poison: bool = False
) -> bytes:
    """Bytes of a TorchScript file.

    Args:
        seed: Of the random weights; another seed is another file.
        cells_and_nuclei: Two sets of maps instead of one.
        pixel_size: µm per pixel that the model states.
        poison: One weight is not a number, as in a model that diverged.
    """
    network = build_model_from_dict(
        {
            "model_str": "InstanSeg_UNet",
            "dim_in": 3,
            "layers": (8, 8, 8, 8),
            "norm": None,
            "cells_and_nuclei": cells_and_nuclei,
            "multihead": False,
            "dim_coords": 2,
            "n_sigma": 2,
            "dim_seeds": 1,
        },
        random_seed=seed,
    )
    network.pixel_classifier = ProbabilityNet(4, width=5)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(_SMALL)
        _wire_network(network)
        _wire_classifier(network.pixel_classifier)
        if poison:
            network.decoders[0].final_block[2][0].bias.fill_(float("nan"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no CUDA to trace on; tracing itself grows old
        model = InstanSeg_Torchscript(
            network, cells_and_nuclei=cells_and_nuclei, pixel_size=pixel_size, n_sigma=2
        )
        return _saved(torch.jit.script(model.eval()))


def script_without(missing: str) -> bytes:
    """A TorchScript that is no InstanSeg model for RGB: no `pixel_size`, no `fcn`, or `rgb`."""

    class Other(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            if missing != "pixel_size":
                self.pixel_size = 0.5
            if missing != "fcn":
                self.fcn = torch.nn.Conv2d(1, 5, 1)
            self.pixel_classifier = torch.nn.Linear(4, 1)
            self.cells_and_nuclei = False

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _saved(torch.jit.script(Other()))


def _saved(script: Any) -> bytes:
    stream = BytesIO()
    torch.jit.save(script, stream)
    return stream.getvalue()


def _wire_network(network: Any) -> None:
    """Channel 0: darkness in the first encoder, box blurs in the last decoder, then the maps."""
    network.encoder[0].conv0[0].weight[0] = torch.tensor([-1.0, 0.0, 0.0]).view(3, 1, 1)
    network.encoder[0].conv0[0].bias[0] = 1.0
    last = network.decoders[0].decoder[-1]
    last.conv_skip[0].weight[0, 0] = 1.0
    for layer in (last.conv2, last.conv3, last.conv4):
        layer[0].weight[0, 0] = 1.0 / 9.0
    for first in range(0, len(network.decoders[0].final_block), 3):
        _, sigma, seeds = network.decoders[0].final_block[first : first + 3]
        sigma[0].weight[0, 0] = 0.5
        seeds[0].weight[0, 0] = 10.0
        seeds[0].bias[0] = -5.0 - first


def _wire_classifier(classifier: Any) -> None:
    """Logit 6 · sigma - 2 - 0.3 · (|dy| + |dx|): a diamond, where it is dark."""
    for parameter in classifier.parameters():
        parameter.zero_()
    for unit, (source, sign) in enumerate(((0, 1), (0, -1), (1, 1), (1, -1), (2, 1))):
        classifier.fc1.weight[unit, source] = sign
    classifier.fc2.weight.copy_(torch.eye(5))
    classifier.fc3.weight.copy_(torch.tensor([[-0.3, -0.3, -0.3, -0.3, 6.0]]))
    classifier.fc3.bias.fill_(-2.0)


def nuclei(seed: int, height: int, width: int, count: int) -> UInt8:
    """(height, width, 3) uint8: white ground with `count` dark discs of 4 to 8 px."""
    rng = np.random.default_rng(seed)
    image = np.full((height, width, 3), 255, np.uint8)
    y, x = np.ogrid[:height, :width]
    for _ in range(count):
        disc = (y - rng.integers(height)) ** 2 + (x - rng.integers(width)) ** 2
        image[disc < rng.integers(16, 65)] = (rng.integers(40, 120), 50, 110)
    return image
