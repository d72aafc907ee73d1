"""`slideloom info`: what a slide says of itself."""

from pathlib import Path

from deployments.cli.inputs import absolute
from deployments.cli.show import print_rows


def info(slide: Path, *, mpp: float | None = None) -> int:
    """Show format, size, pixel size, levels and fingerprint of a slide.

    Args:
        slide: The slide.
        mpp: µm per level-0 pixel, where the slide does not say it.
    """
    from slideloom.slides import fingerprint, open_slide

    with open_slide(absolute(slide), mpp) as opened:
        levels = [
            f"{level.width_px} × {level.height_px} (1/{level.downsample_x:g})"
            for level in opened.levels
        ]
        rows = [
            ("format", opened.format),
            ("size", f"{opened.width_px} × {opened.height_px} px"),
            ("pixel size", f"{opened.mpp.x:g} × {opened.mpp.y:g} µm ({opened.mpp.source})"),
            ("levels", ", ".join(levels)),
            ("files", str(len(opened.files()))),
            ("SHA-256", fingerprint(opened)),
        ]
    print_rows(slide.name, rows)
    return 0
