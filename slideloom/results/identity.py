"""What a result folder holds the result of, and in which state it was found."""

from dataclasses import dataclass
from enum import Enum
from typing import Any


@dataclass(frozen=True, slots=True)
class Identity:
    """What a folder holds the result of.

    Attributes:
        kind: Kind of job, e.g. `segment_cells`.
        slide: SHA-256 fingerprint of the slide.
        key: Digest of all that can change the result.
        described: The same in words, for messages: parameter name to value.
    """

    kind: str
    slide: str
    key: str
    described: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "kind": self.kind,
            "slide": self.slide,
            "key": self.key,
            "described": self.described,
        }


class Claim(Enum):
    """What a folder held when it was claimed."""

    NEW = "new"
    RESUMED = "resumed"
    COMPLETE = "complete"
