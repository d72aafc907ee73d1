"""What to do about what went wrong in a job: one sentence for each kind of bad input."""

from collections.abc import Mapping

HINTS: Mapping[str, str] = {
    "SlideUnreadable": "Look whether the file opens elsewhere; then upload it again.",
    "PixelSizeUnknown": "Say how large a pixel is: give the job an `mpp` in µm per pixel.",
    "TissueMaskUnusable": "Give a mask that was made for this slide, or leave `tissue` at `auto`.",
    "ModelUnavailable": "Choose one of `GET /api/v1/models`.",
    "DeviceUnavailable": "Leave `device` at `auto`.",
    "ParametersUnusable": "Change the parameter that the message names; `GET /api/v1/kinds` "
    "lists what may be given.",
    "OutputConflict": "Submit the workflow again: it gets a place of its own.",
    "OutputBusy": "An earlier attempt is still stopping: retry the job a little later.",
    "OutputUnwritable": "The place of your results cannot be written: tell the operator.",
    "SlideTooLarge": "The slide does not fit on the workers' disks: tell the operator.",
    "NameRefused": "Rename the file: plain relative names are taken everywhere.",
    "RootRefused": "Your folder is not set up as it should be: tell the operator.",
    "SpecUnusable": "Change the spec where the message says, and submit it again.",
    "SpecUnreadable": "Send YAML or JSON, and submit it again.",
    "RetryRefused": "Only jobs that have failed or were cancelled can be retried.",
    "TenantUnknown": "You are not set up here any more: tell the operator.",
    "SlideOutside": "Name a slide of your own, by its path below your slides.",
    "BlockUnusable": "The server is not set up as it should be: tell the operator.",
    "KeyUnknown": "Ask the operator for another key.",
    "KeyEnded": "Ask the operator for another key.",
    "NoCells": "Look at a job of kind segment_cells.",
    "ResultTooLarge": "Download the files: this result is too large to be drawn here.",
}
"""By the name of the error's class."""

OTHERWISE = "Retry the job; if it fails again, tell the operator its id."
"""What to do where it is not the input's fault."""


def hint_for(error: str | None) -> str:
    """What to do about an error of this class; None: one that is not the input's fault."""
    return HINTS.get(error or "", OTHERWISE)
