"""`slideloom verify`: is it the real InstanSeg, which model, which digest, how fast."""

from deployments.cli.show import print_rows
from slideloom.settings import settings


def verify(*, model: str | None = None, device: str = "auto") -> int:
    """Load a model, check that it is InstanSeg's own code, and time a tile.

    Args:
        model: Model name, or path of a recorded model file.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
    """
    from slideloom.verify import verify_model

    report = verify_model(model or settings().instanseg_model, device)
    rows = [
        ("file", report.path),
        ("SHA-256", report.info.digest),
        ("source", f"{report.source} ({report.licence})"),
        ("TorchScript", f"{report.type_name}: {', '.join(report.parts)}"),
        ("weights", f"{report.parameters:,}"),
        ("pixel size", f"{report.info.mpp} µm"),
        (
            "reaches",
            f"receptive field {report.info.receptive_field_px} px, objects up to "
            f"{report.info.largest_object_px} px: exact from an overlap of "
            f"{report.info.exact_overlap_px} px",
        ),
        ("runs on", f"{report.device} of {', '.join(report.devices)}"),
        ("code", f"instanseg-torch {report.instanseg_version}, torch {report.torch_version}"),
        ("batch of 4", "equals batch of 1" if report.batch_equal else "DIFFERS from batch of 1"),
    ]
    for timing in report.timings:
        network = timing.network_s / timing.whole_s if timing.whole_s else 0.0
        rows.append(
            (
                f"tile {timing.side_px}",
                f"{timing.whole_s:.2f} s, of which network {timing.network_s:.2f} s "
                f"({100 * network:.0f} %), {timing.objects} objects",
            )
        )
    print_rows(report.model, rows)
    return 0 if report.batch_equal else 1
