"""Checks that need no Prefect: bad input is refused before a server is started."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from slideloom.errors import ParametersUnusable
from slideloom.settings import settings

_Job = TypeVar("_Job", bound=BaseModel)


def job_of(kind: type[_Job], **given: Any) -> _Job:
    """The job's parameters; what was not given takes its default.

    Raises:
        ParametersUnusable: A parameter is out of bounds.
    """
    settings()  # a setting that cannot be read is not this job's fault
    try:
        return kind(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        said = [
            f"--{'-'.join(map(str, found['loc'])).replace('_', '-')}: {found['msg']}"
            for found in error.errors()
        ]
        raise ParametersUnusable("; ".join(said)) from None


def absolute(path: Path) -> str:
    """The path as runs know it, wherever they run on this machine.

    Raises:
        ParametersUnusable: No file can have this name.
    """
    whole = path.expanduser().absolute()
    try:
        whole.exists()
    except (OSError, ValueError) as error:
        raise ParametersUnusable(f"{path} cannot be a file's name: {error}") from error
    return str(whole)


def check_engine(model: str, device: str) -> None:
    """Refuse a model or a device that is not there, without loading the model.

    Raises:
        ModelUnavailable: The model is not recorded, or its file has changed.
        DeviceUnavailable: The device is not on this machine.
    """
    from slideloom.engines.loading import check_model

    check_model(model)
    if device not in {"auto", "cpu"}:
        from slideloom.engines.devices import available_devices, choose_device

        choose_device(device, available_devices())
