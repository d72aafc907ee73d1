"""`slideloom tissue`: the tissue of a slide."""

from pathlib import Path

from deployments.cli.inputs import absolute, job_of
from deployments.cli.quiet import quieten
from deployments.cli.running import run_flow
from deployments.cli.show import console, print_rows, progress_shown
from slideloom.parameters import TissueMaskJob


def tissue(slide: Path, *, out: Path, mpp: float | None = None) -> int:
    """Find the tissue of a slide: mask, outline, area.

    Args:
        slide: The slide: anything OpenSlide reads, or a plain image.
        out: Folder of the result.
        mpp: µm per level-0 pixel, where the slide does not say it or says it wrong.
    """
    job = job_of(TissueMaskJob, slide=absolute(slide), mpp=mpp)
    folder = absolute(out)
    check(job, Path(folder))
    quieten()
    from flows.tissue_mask import tissue_mask

    with progress_shown(folder):
        summary = run_flow(lambda: tissue_mask(job, folder))
    tiles = summary["tiles"]
    print_rows(
        summary["slide"]["name"],
        [
            ("tissue", f"{summary['tissue']['area_mm2']:.3f} mm²"),
            ("of the slide", f"{100 * summary['tissue']['fraction']:.1f} %"),
            ("tiles", f"{tiles['kept']} kept, {tiles['skipped']} skipped of {tiles['total']}"),
        ],
    )
    console.print(f"\nmask     {Path(folder) / 'tissue.png'}")
    console.print(f"for QuPath {Path(folder) / 'tissue.geojson'}")
    return 0


def check(job: TissueMaskJob, out: Path) -> None:
    """Refuse bad input before anything is started."""
    from slideloom.results.folder import check_writable
    from slideloom.slides import open_slide

    with open_slide(job.slide, job.mpp):
        pass
    check_writable(out)
