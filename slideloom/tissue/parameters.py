"""What tissue detection can be told, in µm, µm² and optical density."""

from pydantic import BaseModel, ConfigDict, Field


class TissueParameters(BaseModel):
    """Parameters of `detect_tissue`; the defaults are meant for all stains.

    Lengths and areas are physical, so a slide at 20x and the same slide at 40x give the same mask,
    and a field of view of 80 µm is treated as what it is. Optical density (OD) is -log10(I / 255)
    per channel. A cell that is lost is lost silently, a tile too many costs seconds: every default
    errs towards keeping.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pixel_um: float = Field(
        8.0,
        gt=0,
        description="Size of a mask pixel: about a nucleus. Peers work on pictures of 2000 px or "
        "so (wsinfer: 2048), which is 10 to 20 µm.",
    )
    min_side_px: int = Field(
        512, ge=1, description="Small slides get finer pixels until the longer side has as many."
    )
    max_side_px: int = Field(
        4096, ge=1, le=16384, description="Giant slides get coarser pixels: bounds the memory."
    )
    chroma_od: float = Field(
        0.012, gt=0, description="Colour distance from glass that is surely tissue (pale eosin)."
    )
    chroma_max_od: float = Field(
        0.030, gt=0, description="Upper bound of the same where the glass itself is noisy."
    )
    dark_od: float = Field(
        0.10, gt=0, description="Darker than glass by this much is tissue, whatever its colour."
    )
    textured_dark_od: float = Field(
        0.020, gt=0, description="Darker than glass by this much is tissue if it is also textured."
    )
    texture_od: float = Field(
        0.008, gt=0, description="Local standard deviation that glass does not have (fat's edges)."
    )
    texture_max_od: float = Field(
        0.025, gt=0, description="Upper bound of the same where the glass itself is noisy."
    )
    weak_ratio: float = Field(
        0.5, gt=0, le=1, description="Hysteresis: what joins sure tissue needs only this share."
    )
    ink_um2: float = Field(
        50_000.0, ge=0, description="Pen strokes are larger; pigment and nuclei are smaller."
    )
    ink_on_glass: float = Field(
        0.4,
        ge=0,
        le=1,
        description="Share of a stroke's surroundings that must be glass; ink over tissue is kept, "
        "for there are cells beneath.",
    )
    ink_margin_um: float = Field(80.0, ge=0, description="How far the faded rim of a stroke goes.")
    close_um: float = Field(
        24.0, ge=0, description="Gaps up to twice this are closed: between neighbouring cells."
    )
    min_tissue_um2: float = Field(
        2_000.0,
        ge=0,
        description="Smaller pieces are dust. wsinfer drops below 200² µm², which loses fragments; "
        "never more than 1 % of the slide.",
    )
    max_hole_um2: float = Field(
        36_100.0, ge=0, description="Smaller holes are filled: fat, vessels (wsinfer: 190² µm²)."
    )
    dilate_um: float = Field(
        16.0, ge=0, description="Two nuclei of margin, so that cells on the edge are kept."
    )


DEFAULTS = TissueParameters()
