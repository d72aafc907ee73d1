"""The models of the server, as they were a moment ago."""

import time
from pathlib import Path

from blocks import model_folder
from gateway.moments import Moment
from slideloom.engines.loading import check_model
from slideloom.errors import ModelUnavailable
from slideloom.models import ModelStore

_KEEP_S = 5.0


class Shelf:
    """Which models are there; whoever asks often does not read them often."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._folder = Moment(model_folder, _KEEP_S)
        self._good: dict[tuple[Path, str], float] = {}

    async def folder(self) -> Path:
        """Where they are recorded.

        Raises:
            BlockUnusable: The model store's block holds something that cannot be used.
        """
        return await self._folder.get()

    def check(self, name: str, folder: Path) -> None:
        """Refuse a model that is not there, or not as it was recorded; blocks while it is read.

        Args:
            name: As in a job.
            folder: What `folder` gave.

        Raises:
            ModelUnavailable: It is not.
        """
        now_s = time.monotonic()
        if now_s - self._good.get((folder, name), float("-inf")) < _KEEP_S:
            return
        try:
            check_model(name, ModelStore(folder))
        except ModelUnavailable as error:
            raise ModelUnavailable(
                f"model {name!r} is not on this server, or damaged: `GET /api/v1/models` lists "
                "what is there"
            ) from error
        self._good[folder, name] = now_s
