"""Choosing the checkpoint: F1 of held-out images as they are and restained, by the mean weights.

The score is the mean of the F1 at IoU 0.5 on the held-out images and on the same images restained
with a fixed seed. The second half stands for stains that the data does not contain; without it the
choice would be made by one purple stain. Labels come from InstanSeg's own exported form of the
network, so what is chosen is what is shipped.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from instanseg.utils.loss.instanseg_loss import InstanSeg_Torchscript

from training.evaluate import Score, predict, score
from training.optics import normalise_tile
from training.samples import Example, dress, rescale
from training.schedule import Average, Clock
from training.stains import LabelImage

Prepared = tuple[npt.NDArray[np.float32], LabelImage]

RESTAIN_SEED = 20261
N_SIGMA = 2


def prepare(examples: list[Example], restained: bool) -> list[Prepared]:
    """Bring examples to 0.5 um/px and normalise them, restained with a fixed seed if asked to.

    Args:
        examples: held-out images.
        restained: whether to dress them in made-up stains and litter.

    Returns:
        ((3, height, width) float32, (height, width) int32 labels) for each.
    """
    prepared = []
    for number, example in enumerate(examples):
        rgb, labels = rescale(example)
        if restained:
            rng = np.random.default_rng((RESTAIN_SEED, number))
            rgb = dress(rgb, labels, rng, restained=True)
        prepared.append((normalise_tile(rgb), labels))
    return prepared


def as_shipped(model: torch.nn.Module) -> Callable[[torch.Tensor], torch.Tensor]:
    """Wrap a network in InstanSeg's export class, without its slow clean-up of fragments."""
    shipped = InstanSeg_Torchscript(model, pixel_size=0.5, n_sigma=N_SIGMA)

    def segment(pixels: torch.Tensor) -> torch.Tensor:
        """Label one batch (1, 3, height, width)."""
        labels: torch.Tensor = shipped(pixels, cleanup_fragments=False)
        return labels

    return segment


@dataclass
class Validation:
    """Judges the mean weights every few epochs and keeps the best.

    Attributes:
        real: held-out images as they are.
        restained: the same in made-up stains.
        average: the mean weights that are judged.
        clock: progress of the run.
        folder: where ``validation.csv`` and the checkpoints ``best`` and ``last`` go.
        every: epochs from one validation to the next.
        epoch: epochs so far, both phases of InstanSeg's training counted.
        best: best score so far.
        best_epoch: epoch of the best score.
    """

    real: list[Prepared]
    restained: list[Prepared]
    average: Average
    clock: Clock
    folder: Path
    every: int = 4
    epoch: int = 0
    best: float = -1.0
    best_epoch: int = 0

    def after_epoch(self) -> float:
        """Count an epoch; judge every few of them and return the score, else -1."""
        self.epoch += 1
        return -1.0 if self.epoch % self.every else self.judge()

    def judge(self) -> float:
        """Score the mean weights now, log the score and save them if they are the best."""
        model = self.average.model.eval()
        segment = as_shipped(model)
        real = self._score(segment, self.real)
        restained = self._score(segment, self.restained)
        joint = 0.5 * (real.f1 + restained.f1)
        self._log(real.f1, restained.f1, joint)
        save(model, self.folder / "last", self.epoch, joint)
        if joint > self.best:
            self.best, self.best_epoch = joint, self.epoch
            save(model, self.folder / "best", self.epoch, joint)
        return joint

    def _score(
        self, segment: Callable[[torch.Tensor], torch.Tensor], prepared: list[Prepared]
    ) -> Score:
        """Score at IoU 0.5 over all objects of a prepared set."""
        found = [predict(segment, pixels) for pixels, _ in prepared]
        return score([labels for _, labels in prepared], found, 0.5)

    def _log(self, real: float, restained: float, joint: float) -> None:
        """Append one line to the log of validations."""
        row = [self.epoch, self.clock.step, f"{self.clock.elapsed_minutes():.2f}"]
        row += [f"{value:.4f}" for value in (real, restained, joint)]
        with (self.folder / "validation.csv").open("a", newline="", encoding="utf-8") as lines:
            csv.writer(lines).writerow(row)
        print("validation", *row, flush=True)


def save(model: torch.nn.Module, folder: Path, epoch: int, joint: float) -> None:
    """Write weights in the form that InstanSeg's own loader reads.

    Args:
        model: network with its pixel classifier.
        folder: becomes a model folder of InstanSeg; the run's arguments are copied into it.
        epoch: epochs so far, both phases counted.
        joint: score of the weights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(
        {"model_state_dict": model.state_dict(), "epoch": epoch, "f1_score": joint},
        folder / "model_weights.pth",
    )
    log = folder.parent / "experiment_log.csv"
    if log.exists():
        shutil.copy(log, folder / log.name)
