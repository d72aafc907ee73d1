"""Export a checkpoint as TorchScript with InstanSeg's own exporter.

Run it as ``python -m training.export --checkpoint RUN/best --out FOLDER``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tifffile
import torch

from training import torchvision_stub
from training.samples import dress
from training.stains import LabelImage

NAME = "slideloom_nuclei_small"
EXAMPLE_PX = 256
WRITTEN_BY_TORCH = ("version", ".data/serialization_id")
"""Records that torch's writer adds to every file itself."""


def example_image(seed: int = 0) -> tuple[npt.NDArray[np.uint8], LabelImage]:
    """Draw a little slide of elliptic nuclei in made-up haematoxylin and eosin.

    Args:
        seed: of the drawing.

    Returns:
        (256, 256, 3) uint8 and (256, 256) int32 labels, at 0.5 um/px.
    """
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:EXAMPLE_PX, 0:EXAMPLE_PX]
    labels = np.zeros((EXAMPLE_PX, EXAMPLE_PX), np.int32)
    for number in range(1, 61):
        y, x = rng.uniform(0, EXAMPLE_PX, 2)
        tall, wide = rng.uniform(5, 9, 2)
        inside = ((rows - y) / tall) ** 2 + ((columns - x) / wide) ** 2 < 1.0
        labels[inside & (labels == 0)] = number
    grain = 0.6 + 0.2 * rng.random((EXAMPLE_PX, EXAMPLE_PX, 3))
    rgb = np.where(labels[..., None] > 0, 0.5 * grain, 1.0).astype(np.float32)
    picture = dress(rgb, labels, rng, restained=True)
    return np.round(255 * picture).astype(np.uint8), labels


def export(checkpoint: Path, target: Path) -> None:
    """Call InstanSeg's ``export_to_torchscript`` on a checkpoint folder.

    It takes its places from the environment and ignores its path arguments, so the environment is
    set to a temporary folder for the call.

    Args:
        checkpoint: folder with ``model_weights.pth`` and ``experiment_log.csv``.
        target: file to write.
    """
    torchvision_stub.install()
    from instanseg.utils.utils import export_to_torchscript

    with tempfile.TemporaryDirectory() as folder:
        places = {
            "INSTANSEG_MODEL_PATH": "models",
            "INSTANSEG_TORCHSCRIPT_PATH": "torchscripts",
            "INSTANSEG_BIOIMAGEIO_PATH": "bioimageio",
            "EXAMPLE_IMAGE_PATH": "examples",
        }
        for variable, name in places.items():
            (Path(folder) / name).mkdir()
            os.environ[variable] = str(Path(folder) / name)
        shutil.copytree(checkpoint, Path(folder) / "models" / NAME)
        tifffile.imwrite(Path(folder) / "examples" / "HE_example.tif", example_image()[0])
        export_to_torchscript(NAME, show_example=False)
        target.parent.mkdir(parents=True, exist_ok=True)
        copy_without_debug_records(Path(folder) / "torchscripts" / f"{NAME}.pt", target)


def copy_without_debug_records(source: Path, target: Path) -> None:
    """Copy a TorchScript file without the records that only help a debugger.

    They hold the source text and the absolute paths of the machine that exported the file. Code,
    constants and weights are copied byte by byte, with torch's own reader and writer.

    Args:
        source: TorchScript file.
        target: file to write.
    """
    reader = torch._C.PyTorchFileReader(str(source))
    writer = torch._C.PyTorchFileWriter(str(target))
    for name in reader.get_all_records():
        if not name.endswith(".debug_pkl") and name not in WRITTEN_BY_TORCH:
            record = reader.get_record(name)
            writer.write_record(name, record, len(record))
    writer.write_end_of_file()


def main() -> None:
    """Parse the command line and export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True, help="a run's best folder")
    parser.add_argument("--out", type=Path, required=True, help="folder for the model")
    options = parser.parse_args()
    torch.set_num_threads(1)
    export(options.checkpoint, options.out / "instanseg.pt")


if __name__ == "__main__":
    main()
