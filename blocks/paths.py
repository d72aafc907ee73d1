"""Which paths a tenant may name, and what its result folders are called; nothing of Prefect."""

import posixpath
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote

from pydantic import AfterValidator

from blocks.errors import SlideOutside
from slideloom.errors import ParametersUnusable, SlideUnreadable
from slideloom.stores.names import NameRefused, RootRefused, S3Root, check_name, parse_root

_WORKFLOW = re.compile(r"^[A-Za-z0-9][A-Za-z0-9-]{0,62}$")
_MOST_DECODINGS = 5


def any_root(stated: str | None) -> str | None:
    """The root as we write it: an absolute folder, or `s3://bucket/prefix`; nothing stays nothing.

    Raises:
        ValueError: It is in some other place, or relative.
    """
    if not stated:  # a form sends an emptied field as empty text
        return None
    try:
        return str(parse_root(stated))
    except RootRefused as error:
        raise ValueError(str(error)) from error


def local_root(stated: str | None) -> str | None:
    """The absolute folder that a path or a `file://` URL names; nothing stays nothing.

    Raises:
        ValueError: It is in some other place than this machine's file system, or relative.
    """
    root = any_root(stated)
    if root is not None and isinstance(parse_root(root), S3Root):
        raise ValueError(f"{stated!r}: local folders only here; give a path or a file:// URL")
    return root


LocalRoot = Annotated[str | None, AfterValidator(local_root)]
"""Field type: an absolute local folder, or none."""
AnyRoot = Annotated[str | None, AfterValidator(any_root)]
"""Field type: an absolute local folder, a place in S3, or none."""


def is_remote(address: str) -> bool:
    """Whether a slide's or a result's address is in S3, not a path of this machine."""
    return address.startswith("s3://")


def name_inside(root: S3Root, slide: str, tenant: str) -> str:
    """The slide's name below the prefix, normalised; no name leads out of it.

    S3 itself takes a key as it is; but browsers, gateways and other tools resolve `..` in it, also
    where it is written as `%2e%2e`. So a name is refused if it would lead out for any of these.

    Args:
        root: The tenant's slide root.
        slide: Path below it, or an absolute URL that leads into it.
        tenant: Whose it is, for the message.

    Raises:
        SlideOutside: It leads out of the prefix.
        SlideUnreadable: No object can have this name.
    """
    name = _normalised(slide.removeprefix(f"{root}/"))
    if name is None or not _stays_inside(name):
        raise SlideOutside(
            f"slide {slide!r} lies outside tenant {tenant}'s slide prefix {root}: put it there, "
            f"or name its place with `slideloom tenants add {tenant} --slides URL`"
        )
    try:
        root.key(check_name(name))
    except NameRefused as error:
        raise SlideUnreadable(f"slide {slide!r} cannot be an object's name: {error}") from error
    return name


def _normalised(name: str) -> str | None:
    """Without empty parts, `.` and `..`; None: it leads out, or to nothing."""
    if name.startswith("/") or "://" in name:
        return None
    name = posixpath.normpath(name)
    return None if name == "." or name.split("/")[0] == ".." else name


def _stays_inside(name: str) -> bool:
    """Whether it stays where it is for whoever decodes it, however often."""
    for _ in range(_MOST_DECODINGS):
        if {"", ".", ".."} & set(name.replace("\\", "/").split("/")):
            return False
        decoded = unquote(name)
        if decoded == name:
            return True
        name = decoded
    return False


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

    Raises:
        ParametersUnusable: An id or a number makes no safe folder name.
    """
    return root / result_name(workflow, branch, index)


def result_name(workflow: object, branch: int, index: int) -> str:
    """Name of a job's result below its tenant's: `<workflow>/<branch>-<index>`.

    Args:
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
    return f"{workflow}/{branch}-{index}"
