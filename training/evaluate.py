"""F1 of an exported model on the nuclei data, per split and per stain look.

Objects match when their intersection over union reaches the threshold; counts are summed over the
images of a group before F1 is taken. The matching is InstanSeg's own.

    python -m training.evaluate --data ../shared/nuclei --model DIR/instanseg.pt --out DIR/f1.json
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from instanseg.utils.metrics import matching_dataset_torch

from training.optics import normalise_tile
from training.samples import HOLD_OUT_SEED, Example, hold_out, read_split, rescale
from training.stains import LabelImage

Segment = Callable[[torch.Tensor], torch.Tensor]
THRESHOLDS = (0.5, 0.7)


@dataclass(frozen=True)
class Score:
    """Detection quality at one IoU threshold, over all objects of a group."""

    f1: float
    precision: float
    recall: float
    nuclei: int


def load(path: Path) -> Any:
    """Load an exported model, ready to use on the CPU."""
    model = torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]
    return model.eval()


def predict(segment: Segment, pixels: npt.NDArray[np.float32]) -> LabelImage:
    """Label one normalised image.

    Args:
        segment: maps (1, 3, height, width) to (1, 1, height, width) labels.
        pixels: (3, height, width) float32, normalised.

    Returns:
        (height, width) int32, 0 is background.
    """
    with torch.no_grad():
        labels = segment(torch.from_numpy(pixels.copy())[None])
    return labels[0, 0].numpy().astype(np.int32)


def score(truth: list[LabelImage], found: list[LabelImage], threshold: float) -> Score:
    """Match found objects to true ones, image by image, and sum.

    Args:
        truth: (height, width) labels of each image.
        found: labels predicted for each image, in the same order.
        threshold: least IoU of a match, 0.5 or more.

    Returns:
        Scores over all objects.
    """
    stats = matching_dataset_torch(truth, found, [threshold])[0]
    return Score(
        round(float(stats.f1), 4),
        round(float(stats.precision), 4),
        round(float(stats.recall), 4),
        int(stats.n_true),
    )


def report(segment: Segment, examples: list[Example]) -> dict[str, Any]:
    """Score a set of examples as a whole and by look.

    Args:
        segment: exported model.
        examples: annotated images.

    Returns:
        Group name, then IoU threshold as text, to the fields of ``Score``.
    """
    truth = [rescale(example)[1] for example in examples]
    found = [predict(segment, normalise_tile(rescale(example)[0])) for example in examples]
    groups = {"all": list(range(len(examples)))}
    for number, example in enumerate(examples):
        groups.setdefault(example.look, []).append(number)
    return {
        name: {
            str(threshold): asdict(
                score([truth[i] for i in members], [found[i] for i in members], threshold)
            )
            for threshold in THRESHOLDS
        }
        for name, members in groups.items()
    }


def evaluate(data: Path, model: Path) -> dict[str, Any]:
    """Score an exported model on the test, validation and training images.

    Args:
        data: folder with ``index.csv``.
        model: TorchScript file.

    Returns:
        Split to group to threshold to scores.
    """
    segment: Segment = load(model)
    kept, held = hold_out(read_split(data, "train"), HOLD_OUT_SEED)
    splits = {"test": read_split(data, "test"), "validation": held, "train": kept}
    return {name: report(segment, examples) for name, examples in splits.items()}


def main() -> None:
    """Parse the command line, score, print and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with index.csv")
    parser.add_argument("--model", type=Path, required=True, help="exported instanseg.pt")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--threads", type=int, default=1, help="torch threads")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    result = evaluate(options.data, options.model)
    options.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
