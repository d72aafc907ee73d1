"""A stand-in for torchvision, for training and export only.

InstanSeg's augmentation and export modules import torchvision at their head, and no torchvision is
installed here: slideloom does without it. This project trains with tiles of its own and exports
from an image that is already 256 px at 0.5 um/px, so of all torchvision only ``Resize`` and
``RandomCrop`` are ever called, and both with sizes that leave the image as it is.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import torch


class InterpolationMode:
    """Names of the ways to interpolate, as far as InstanSeg mentions them."""

    NEAREST = "nearest"
    BILINEAR = "bilinear"


class Resize:
    """Resize that accepts only images that already have the wanted size."""

    def __init__(self, size: list[int], **_: Any) -> None:
        """Remember the size (height, width), px."""
        self.size = tuple(size)

    def __call__(self, image: torch.Tensor) -> torch.Tensor:
        """Return the image itself.

        Raises:
            NotImplementedError: if the image would have to change.
        """
        if tuple(image.shape[-2:]) != self.size:
            raise NotImplementedError("this stand-in does not resize; install torchvision")
        return image


class RandomCrop:
    """Crop that takes the top left corner, or everything."""

    def __init__(self, size: tuple[int, int] | None = None, **_: Any) -> None:
        """Accept and forget the size."""

    @staticmethod
    def get_params(
        image: torch.Tensor, output_size: tuple[int, int] | None = None
    ) -> tuple[int, int, int, int]:
        """Return top, left, height and width of the crop, px."""
        height, width = output_size or tuple(image.shape[-2:])
        return 0, 0, int(height), int(width)


def install() -> None:
    """Put the stand-in on ``sys.modules`` unless a torchvision is there already."""
    if "torchvision" in sys.modules:
        return
    names = ("torchvision", "torchvision.transforms", "torchvision.transforms.functional")
    root, transforms, functional = (ModuleType(name) for name in names)
    transforms.__dict__.update(
        Resize=Resize,
        RandomCrop=RandomCrop,
        RandomPerspective=RandomCrop,
        InterpolationMode=InterpolationMode,
        functional=functional,
    )
    root.__dict__["transforms"] = transforms
    sys.modules.update(zip(names, (root, transforms, functional), strict=True))
