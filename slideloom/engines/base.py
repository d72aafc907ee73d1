"""The protocol of a segmentation engine: pixels in, labels out, and what the planner must know."""

from dataclasses import asdict, dataclass
from typing import Any, Protocol

from slideloom.arrays import Int32, UInt8
from slideloom.normalisation import Normalisation


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Facts about an engine that decide the grid, the overlap and the key of a part.

    Attributes:
        name: Model name as the user gave it.
        version: Version of the model.
        digest: SHA-256 of the model file, hex (of the algorithm's description where there is none).
        mpp: µm per pixel that the model wants.
        stride_px: Tile origins must be multiples of this for equal results (16 for InstanSeg:
            pooling stride 8, padded to 16).
        receptive_field_px: How far, in model pixels, an input pixel can change an output logit.
        largest_object_px: Largest extent of an object that the engine can make, model pixels.
        smallest_tile_px: Smaller tiles are padded by the engine itself.
        numeric_profile: Device and precision, e.g. `cpu-fp32`; bytes are equal within one.
        engine_version: Version of the code that runs the model (InstanSeg's and ours).
    """

    name: str
    version: str
    digest: str
    mpp: float
    stride_px: int
    receptive_field_px: int
    largest_object_px: int
    smallest_tile_px: int
    numeric_profile: str
    engine_version: str

    @property
    def exact_overlap_px(self) -> int:
        """Overlap from which the engine sees an owned object the same in every tile.

        An owned object's centroid lies in its tile's core, so a compact object's pixels reach at
        most half of its extent past the core line, and what decides them one receptive field
        further: overlap = 2 · (receptive field + largest object / 2), rounded up to a multiple of
        32 so that half of it keeps the stride.
        """
        exact = 2 * (self.receptive_field_px + (self.largest_object_px + 1) // 2)
        return -(-exact // 32) * 32

    @property
    def wants_batches(self) -> bool:
        """Whether several tiles at a time are done sooner than one by one (decision 0020)."""
        return self.numeric_profile != "cpu-fp32"

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary, for keys and manifests."""
        return asdict(self)


class Engine(Protocol):
    """Segments batches of tiles. `segment` may be called from several threads at once."""

    @property
    def info(self) -> EngineInfo:
        """What the planner must know; constant over the engine's life."""
        ...

    def segment(self, batch: UInt8, normalisation: Normalisation) -> list[Int32]:
        """Instance labels of each tile.

        Args:
            batch: (n, height, width, 3) uint8 RGB at `info.mpp`.
            normalisation: The slide's constants.

        Returns:
            n arrays (height, width) int32: 0 is background, every other value one object. An
            object's result does not depend on the rest of the batch.

        Raises:
            EngineFailed: Numbers that are not finite, or a device that is lost.
        """
        ...
