"""Time: when to stop, how fast to learn meanwhile, and a running mean of the weights.

The rate follows the clock, not a step count, so that a run uses the minutes it was given on any
machine. The price is that two runs with one seed differ in their number of steps; give ``steps``
for a run of fixed length instead.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

WARM_UP = 0.02
AVERAGE_DECAY = 0.995


class TimeIsUpError(Exception):
    """The run has used its minutes or its steps; raised to leave InstanSeg's training loop."""


def rate_factor(progress: float) -> float:
    """Share of the peak rate at a progress of 0..1: a short rise, then half a cosine to 1 %."""
    if progress < WARM_UP:
        return 0.1 + 0.9 * progress / WARM_UP
    fallen = (min(progress, 1.0) - WARM_UP) / (1.0 - WARM_UP)
    return 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * fallen))


class Clock:
    """Progress of a run, by wall time or by steps."""

    def __init__(self, minutes: float, steps: int | None = None) -> None:
        """Start the clock; ``steps`` makes the length independent of the machine."""
        self.minutes = minutes
        self.steps = steps
        self.step = 0
        self.began_s = time.monotonic()

    def elapsed_minutes(self) -> float:
        """Minutes since the start."""
        return (time.monotonic() - self.began_s) / 60.0

    def progress(self) -> float:
        """Fraction of the run that is over, 0..1 and beyond."""
        if self.steps is not None:
            return self.step / self.steps
        return self.elapsed_minutes() / self.minutes


class Average:
    """Exponential running mean of a model's weights, kept by torch's own ``AveragedModel``."""

    def __init__(self, model: torch.nn.Module) -> None:
        """Begin from a copy of the model as it is now."""
        mean = get_ema_multi_avg_fn(AVERAGE_DECAY)  # type: ignore[no-untyped-call]
        self.averaged = AveragedModel(model, multi_avg_fn=mean, use_buffers=True)

    def update(self, model: torch.nn.Module) -> None:
        """Take one step towards the model's present weights."""
        self.averaged.update_parameters(model)

    @property
    def model(self) -> torch.nn.Module:
        """The model with the mean weights."""
        return self.averaged.module


class PacedBatches:
    """One epoch of batches that sets the learning rate and stops when time is up."""

    def __init__(
        self,
        batches: Iterator[Any],
        epoch_steps: int,
        clock: Clock,
        optimizer: torch.optim.Optimizer,
        peak_rate: float,
    ) -> None:
        """Wrap an endless iterator of batches."""
        self.batches = batches
        self.epoch_steps = epoch_steps
        self.clock = clock
        self.optimizer = optimizer
        self.peak_rate = peak_rate

    def __iter__(self) -> Iterator[Any]:
        """Yield ``epoch_steps`` batches.

        Raises:
            TimeIsUpError: when the run's progress has reached 1.
        """
        for _ in range(self.epoch_steps):
            progress = self.clock.progress()
            if progress >= 1.0:
                raise TimeIsUpError
            for group in self.optimizer.param_groups:
                group["lr"] = self.peak_rate * rate_factor(progress) * group.get("boost", 1.0)
            yield next(self.batches)
            self.clock.step += 1
