"""Check an exported model and describe it in ``model.json``.

Run it as ``python -m training.describe --model FOLDER/instanseg.pt --run RUN --f1 F1.json``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training.evaluate import load
from training.export import NAME, example_image
from training.optics import NORMALISE_PERCENTILE, normalise_tile
from training.receptive_field import context_needed_px, gradient_reach_px

VERSION = "1"
STRIDE_PX = 8
"""Three poolings by two: a tile must begin at a multiple of this to be segmented alike."""
STATED = {
    "licence": "Apache-2.0",
    "licence_data": "CC0-1.0",
    "source": "trained by training/train_nuclei_small.py on CC0 data",
}
"""Licences of the weights and of what they were trained on, and where the weights come from."""


def check_batches(model: Any, side_px: int = 256) -> None:
    """Check that a batch of four gives the same labels as four batches of one, twice over.

    Args:
        model: loaded TorchScript model.
        side_px: side of the test images, px.

    Raises:
        ValueError: if any label differs.
    """
    images = [example_image(seed)[0][:side_px, :side_px] for seed in range(4)]
    stack = torch.stack(
        [
            torch.from_numpy(normalise_tile(np.asarray(image / 255.0, np.float32)))
            for image in images
        ]
    )
    target = torch.tensor([1, 0])
    with torch.no_grad():
        together = model(stack.clone(), target_segmentation=target)
        again = model(stack.clone(), target_segmentation=target)
        single = torch.cat([model(one[None].clone(), target_segmentation=target) for one in stack])
    if not torch.equal(together, again):
        raise ValueError("two calls on one batch give different labels")
    if not torch.equal(together, single):
        raise ValueError("labels depend on the batch that an image is in")


def flat_f1(result: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Reduce the evaluation to split, then ``iou_0.5`` and ``iou_0.7``, over all looks."""
    return {
        split: {f"iou_{threshold}": one["f1"] for threshold, one in groups["all"].items()}
        for split, groups in result.items()
    }


def describe(path: Path, run: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """Collect what a user of the weights needs to know.

    Args:
        path: exported file.
        run: what the training run wrote about itself.
        result: what the evaluation found.

    Returns:
        Content of ``model.json``.
    """
    content = path.read_bytes()
    model = load(path)
    check_batches(model)
    before, after = gradient_reach_px(model.fcn)
    return {
        "name": NAME,
        "version": VERSION,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "pixel_size_um": float(model.pixel_size),
        "channels": ["red", "green", "blue"],
        "normalise_percentile": NORMALISE_PERCENTILE,
        **STATED,
        "stride_px": STRIDE_PX,
        "receptive_field_px": max(before, after),
        "context_px_to_1e-4": context_needed_px(model.fcn),
        "largest_object_px": 2 * int(model.default_window_size),
        "parameters": sum(weights.numel() for weights in model.parameters()),
        "f1": flat_f1(result),
        **run,
    }


def main() -> None:
    """Parse the command line, check and describe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="exported instanseg.pt")
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument("--f1", type=Path, required=True, help="JSON of training.evaluate")
    options = parser.parse_args()
    torch.set_num_threads(1)
    run = json.loads((options.run / "run.json").read_text(encoding="utf-8"))
    result = json.loads(options.f1.read_text(encoding="utf-8"))
    text = json.dumps(describe(options.model, run, result), indent=2)
    options.model.with_name("model.json").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
