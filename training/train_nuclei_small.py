"""Train ``slideloom_nuclei_small``: InstanSeg with fewer filters, on CC0 nuclei, on two CPU cores.

InstanSeg's own training function is called with its own arguments. Three of the functions that it
looks up at run time are replaced for the call: the data (tiles made by ``training.samples``), one
epoch (paced by a clock, in bfloat16, with a running mean of the weights) and the validation
(``training.validation``). Network, loss, optimiser, gradient clipping and the two-phase start are
InstanSeg's.

    python -m training.train_nuclei_small --data ../shared/nuclei --out DIR --minutes 45 --seed 1
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import torch
from torch.utils.data import DataLoader

from training import torchvision_stub
from training.samples import HOLD_OUT_SEED, Example, Tiles, hold_out, read_split
from training.schedule import Average, Clock, PacedBatches, TimeIsUpError
from training.validation import Validation, prepare

LAYERS = "[16, 32, 64, 96]"
BATCH = 8
EPOCH_STEPS = 30
MOST_STEPS = 100_000
PEAK_RATE = 2e-3
OUTPUT_BOOST = 10.0
SEED_MAP_MEAN = -5.0
SEED_MAP_SPREAD = 3.5


class Bfloat16(torch.nn.Module):
    """A view of a network that runs it in bfloat16 and hands back float32, to halve the cost."""

    def __init__(self, model: torch.nn.Module) -> None:
        """Share the model's weights."""
        super().__init__()
        self.model = model

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Map (batch, 3, height, width) to (batch, outputs, height, width), float32."""
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output: torch.Tensor = self.model(pixels)
        return output.float().contiguous()


@dataclass
class Run:
    """The functions that stand in for InstanSeg's, and what they share.

    Attributes:
        data: folder of the nuclei data.
        out: folder of the run.
        seed: of the tiles and of InstanSeg's initial weights.
        clock: progress.
        own_train_epoch: InstanSeg's function of that name.
        average: running mean of the weights, once there are any.
        validation: chooser of the checkpoint, once there is something to choose.
    """

    data: Path
    out: Path
    seed: int
    clock: Clock
    own_train_epoch: Callable[..., tuple[float, float]] | None = None
    average: Average | None = None
    validation: Validation | None = None

    def read(self, **_: Any) -> tuple[list[Any], ...]:
        """Stand in for ``_read_images_from_pth``: six empty lists, which nobody reads."""
        return ([], [], [], [], [], [])

    def loaders(self, *_: Any) -> tuple[Iterator[Any], list[Example]]:
        """Stand in for ``get_loaders``: an endless stream of batches, and what is held out."""
        kept, held = hold_out(read_split(self.data, "train"), HOLD_OUT_SEED)
        print("held out:", *(example.name for example in held))
        tiles = Tiles(kept, self.seed, MOST_STEPS * BATCH)
        loader = DataLoader(
            tiles, BATCH, num_workers=1, prefetch_factor=6, worker_init_fn=calm_worker
        )
        return iter(loader), held

    def train_epoch(
        self,
        model: Any,
        device: torch.device,
        batches: Iterator[Any],
        loss_fn: Callable[..., torch.Tensor],
        optimizer: torch.optim.Optimizer,
        args: Any,
    ) -> tuple[float, float]:
        """Run InstanSeg's own epoch over paced batches, in bfloat16."""
        if self.own_train_epoch is None:
            raise RuntimeError("InstanSeg's own epoch was not kept")
        if self.average is None:
            self.average = self._prepare(model, optimizer)
        paced = PacedBatches(batches, EPOCH_STEPS, self.clock, optimizer, PEAK_RATE)
        return self.own_train_epoch(Bfloat16(model), device, paced, loss_fn, optimizer, args)

    def finish(self) -> None:
        """Judge once more and write ``run.json``."""
        if self.validation is None:
            return
        self.validation.judge()
        facts = {
            "created": datetime.now(UTC).strftime("%Y-%m-%d"),
            "seed": self.seed,
            "hold_out_seed": HOLD_OUT_SEED,
            "training_minutes": round(self.clock.elapsed_minutes(), 1),
            "steps": self.clock.step,
            "chosen_epoch": self.validation.best_epoch,
        }
        (self.out / "run.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")

    def _prepare(self, model: Any, optimizer: torch.optim.Optimizer) -> Average:
        """Set up a fresh model once and follow its weights after every step."""
        model.to(memory_format=torch.channels_last)
        quicken_outputs(model, optimizer)
        average = Average(model)
        optimizer.register_step_post_hook(lambda *_: average.update(model))
        return average

    def validate_epoch(
        self, _: Any, __: Any, held: list[Example], *_rest: Any, **_named: Any
    ) -> tuple[float, list[float], float]:
        """Stand in for InstanSeg's validation: judge the mean weights every few epochs."""
        if self.average is None:
            raise RuntimeError("InstanSeg validated before it trained")
        if self.validation is None:
            real, restained = (prepare(held, restained=made_up) for made_up in (False, True))
            self.validation = Validation(real, restained, self.average, self.clock, self.out)
        return 0.0, [self.validation.after_epoch()], 0.0


def quicken_outputs(model: Any, optimizer: torch.optim.Optimizer) -> None:
    """Let the output scales arrive in minutes instead of an hour.

    InstanSeg's last layers are batch norms, and the seed map's target spans -7.5 to 7.5, mostly
    -7.5. From a scale of 1 and a shift of 0 Adam needs thousands of steps at an ordinary rate to
    get there. So the seed map starts near its target's mean and spread, and the scales and shifts
    of all outputs learn ten times as fast as the rest.

    Args:
        model: InstanSeg's network, freshly built.
        optimizer: InstanSeg's optimiser with one group of parameters.
    """
    final = model.decoders[-1].final_block
    seed_norm = final[-1][1]
    torch.nn.init.constant_(seed_norm.weight, SEED_MAP_SPREAD)
    torch.nn.init.constant_(seed_norm.bias, SEED_MAP_MEAN)
    fast = [parameter for block in final for parameter in block[1].parameters()]
    chosen = {id(parameter) for parameter in fast}
    slow = optimizer.param_groups[0]
    slow["params"] = [one for one in slow["params"] if id(one) not in chosen]
    optimizer.add_param_group({"params": fast, "boost": OUTPUT_BOOST})


def calm_worker(_: int) -> None:
    """Keep the worker that makes tiles to one thread."""
    cv2.setNumThreads(0)
    torch.set_num_threads(1)


@contextmanager
def replaced(module: Any, **functions: Any) -> Iterator[None]:
    """Put functions in a module's place for a while."""
    before = {name: getattr(module, name) for name in functions}
    for name, function in functions.items():
        setattr(module, name, function)
    try:
        yield
    finally:
        for name, function in before.items():
            setattr(module, name, function)


def train(run: Run, layers: str) -> None:
    """Call InstanSeg's training until the clock says stop; the best weights are in ``best``.

    Args:
        run: data, place, seed and clock.
        layers: filters of each level of the network, as InstanSeg's argument wants them.
    """
    torchvision_stub.install()
    import instanseg.scripts.train as instanseg_train
    from instanseg.utils import AI_utils, data_loader

    run.own_train_epoch = AI_utils.train_epoch
    run.out.mkdir(parents=True, exist_ok=True)
    sys.argv = sys.argv[:1]  # InstanSeg's function parses the command line: leave it nothing.
    with (
        replaced(data_loader, _read_images_from_pth=run.read, get_loaders=run.loaders),
        replaced(AI_utils, train_epoch=run.train_epoch, test_epoch=run.validate_epoch),
    ):
        try:
            instanseg_train.instanseg_training(
                output_path=str(run.out.parent),
                experiment_str=run.out.name,
                device="cpu",
                requested_pixel_size=0.5,
                layers=layers,
                batch_size=BATCH,
                lr=PEAK_RATE,
                tile_size=128,
                window_size=64,
                n_sigma=2,
                norm="BATCH",
                mlp_width=5,
                hotstart_training=5,
                num_epochs=MOST_STEPS,
                on_cluster=True,
                rng_seed=run.seed,
            )
        except TimeIsUpError:
            run.finish()


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with index.csv")
    parser.add_argument("--out", type=Path, required=True, help="folder of this run")
    parser.add_argument("--minutes", type=float, default=45.0, help="wall time of training")
    parser.add_argument("--steps", type=int, default=None, help="fixed length, instead of minutes")
    parser.add_argument("--seed", type=int, default=1, help="of tiles and initial weights")
    parser.add_argument("--threads", type=int, default=2, help="torch threads")
    parser.add_argument("--layers", default=LAYERS, help="filters of each level")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    clock = Clock(options.minutes, options.steps)
    train(Run(options.data, options.out, options.seed, clock), options.layers)


if __name__ == "__main__":
    main()
