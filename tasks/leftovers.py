"""What an earlier attempt has left in a job's folder and nobody can use any more."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from runs.admission import deployed_run
from slideloom.errors import OutputBusy, OutputConflict
from slideloom.results.folder import MANIFEST

_Begun = TypeVar("_Begun")


def begin_anew(out: Path, begin: Callable[[], _Begun]) -> _Begun:
    """Begin a job, if need be in an emptied folder.

    A job of a workflow has its folder to itself. When slideloom was updated, a model recorded again
    or a slide mended between two attempts, the parts of the first are of another result. They are
    removed; a finished result never is. Outside of workflows the folder is the user's, and kept.

    Args:
        out: The job's folder.
        begin: Claims the folder.

    Raises:
        OutputConflict: The folder holds something else that is not the job's to remove.
    """
    try:
        return begin()
    except OutputBusy:
        raise
    except OutputConflict:
        if deployed_run() is None or (out / MANIFEST).exists():
            raise
        shutil.rmtree(out)
        return begin()
