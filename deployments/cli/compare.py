"""`slideloom compare`: what batching, tissue skipping and overlap cost and save."""

from pathlib import Path

from deployments.cli.inputs import absolute
from deployments.cli.show import console, print_table
from slideloom.settings import settings


def compare(
    slide: Path,
    *,
    model: str | None = None,
    mpp: float | None = None,
    tile_size: int = 512,
    batch_size: int | None = None,
    side: int = 3072,
    device: str = "auto",
) -> int:
    """Segment a part of a slide several ways, one after the other, and show time and agreement.

    Args:
        slide: The slide.
        model: Model name, or path of a recorded model file.
        mpp: µm per level-0 pixel, where the slide does not say it.
        tile_size: Side of a tile in model pixels.
        batch_size: Tiles in one forward pass.
        side: Side in level-0 pixels of the part with the most tissue that is segmented.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
    """
    from slideloom.compare import compare as compared
    from slideloom.compare import window_of
    from slideloom.engines.loading import load_engine
    from slideloom.slides import open_slide

    engine = load_engine(model or settings().instanseg_model, device)
    with open_slide(absolute(slide), mpp) as opened:
        part = window_of(opened, side)
        variants = compared(part, engine, tile_size, batch_size or settings().batch_size)
    first = variants[0]
    print_table(
        f"{slide.name}: {part.width_px} × {part.height_px} px, tiles of {tile_size} px",
        ["varied", "setting", "tiles", "seconds", "against first", "cells", "F1 to first"],
        [
            [
                v.what,
                v.setting,
                str(v.tiles),
                f"{v.seconds:.1f}",
                f"{v.seconds / first.seconds:.2f}" if first.seconds else "-",
                f"{v.cells:,}",
                f"{v.f1:.4f}",
            ]
            for v in variants
        ],
    )
    console.print("overlap counts in the first three rows; the others keep the first row's overlap")
    return 0
