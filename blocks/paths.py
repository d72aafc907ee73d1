"""Which paths a tenant may name, and what its result folders are called; nothing of Prefect."""

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator

from blocks.errors import SlideOutside
from slideloom.errors import ParametersUnusable, SlideUnreadable

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*):")
_WORKFLOW = re.compile(r"^[A-Za-z0-9][A-Za-z0-9-]{0,62}$")


def local_root(stated: str | None) -> str | None:
    """The absolute folder that a path or a `file://` URL names; nothing stays nothing.

    Raises:
        ValueError: It is in some other place than this machine's file system, or relative.
    """
    if not stated:  # a form sends an emptied field as empty text
        return None
    scheme = _SCHEME.match(stated)
    path = _path_of_url(stated) if scheme else stated
    if "\0" in path or not Path(path).is_absolute():
        raise ValueError(f"{stated!r} must be an absolute folder, such as /data/slides")
    return str(Path(path))


def _path_of_url(stated: str) -> str:
    url = urlsplit(stated)
    if url.scheme.lower() != "file":
        raise ValueError(
            f"{stated!r}: local folders only for now; mount it and give its path or a file:// URL"
        )
    if url.netloc not in {"", "localhost"} or url.query or url.fragment:
        raise ValueError(f"{stated!r} must name a folder of this machine: file:///data/slides")
    return unquote(url.path)


LocalRoot = Annotated[str | None, AfterValidator(local_root)]
"""Field type: an absolute local folder, or none."""


def path_inside(root: Path, slide: str, tenant: str) -> Path:
    """The slide's path with all links resolved, if it lies in the folder.

    Args:
        root: The tenant's slide folder.
        slide: Path below it, or an absolute path that leads into it.
        tenant: Whose folder it is, for the message.

    Raises:
        SlideOutside: It leads out of the folder, perhaps by `..` or a link.
        SlideUnreadable: No file can have this name.
    """
    folder = root.resolve()
    try:
        path = (folder / slide).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a circle of links is a RuntimeError
        raise SlideUnreadable(f"slide {slide!r} cannot be a file's name: {error}") from error
    if path == folder or not path.is_relative_to(folder):
        raise SlideOutside(
            f"slide {slide!r} lies outside tenant {tenant}'s slide folder {root}: move it there, "
            f"or name its folder with `slideloom tenants add {tenant} --slides DIR`"
        )
    return path


def result_path(root: Path, workflow: object, branch: int, index: int) -> Path:
    """Folder of a job's result: `<root>/<workflow>/<branch>-<index>`.

    Args:
        root: Folder of the tenant's results.
        workflow: Id of the workflow.
        branch: Number of the branch in the workflow, from 0.
        index: Number of the job in its branch, from 0.

    Raises:
        ParametersUnusable: An id or a number makes no safe folder name.
    """
    if not _WORKFLOW.fullmatch(str(workflow)) or branch < 0 or index < 0:
        raise ParametersUnusable(
            f"workflow {str(workflow)!r}, branch {branch}, job {index} make no folder name: ids "
            "are letters, digits and hyphens, numbers start at 0"
        )
    return root / str(workflow) / f"{branch}-{index}"
