"""One tree of errors: each says what was wrong, with what, and what to do about it.

Everything below `BadInput` is the caller's to mend (the command line exits with 2 and one line);
everything else below `SlideloomError` is ours or the machine's (exit code 1).
"""


class SlideloomError(Exception):
    """Base of every error that slideloom raises on purpose."""


class BadInput(SlideloomError):
    """What was asked for cannot be done as asked; the message says what to change."""


class SlideUnreadable(BadInput):
    """The file is missing, is no slide, or breaks while it is read."""


class PixelSizeUnknown(BadInput):
    """The slide does not say how large a pixel is, or says something absurd."""


class TissueMaskUnusable(BadInput):
    """The tissue mask that was given does not fit the slide or cannot be read."""


class ModelUnavailable(BadInput):
    """The model is not in the model store, or its file is not the one that was recorded."""


class DeviceUnavailable(BadInput):
    """The device that was asked for is not on this machine."""


class ParametersUnusable(BadInput):
    """A parameter is out of bounds, or two of them contradict each other."""


class OutputConflict(BadInput):
    """The output folder holds the result of something else."""


class OutputBusy(OutputConflict):
    """Another run is writing into the output folder just now; later it may be free."""


class OutputUnwritable(BadInput):
    """The output folder cannot be written, or its disk is full."""


class SampleUnavailable(SlideloomError):
    """The sample slide could not be fetched, or is not the file we know."""


class EngineFailed(SlideloomError):
    """The segmentation engine gave no usable answer for a tile."""


class ResultDamaged(SlideloomError):
    """A stored part or result is not what was written."""
