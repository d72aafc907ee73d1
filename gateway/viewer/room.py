"""What the viewer's routes share while the door is open."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends
from fastapi.requests import HTTPConnection

from gateway.settings import GatewaySettings
from gateway.viewer.desk import Desk
from gateway.viewer.shown import Gallery
from slideloom.viewer.recent import Recent


class Room:
    """Cells, tiles that were drawn, and threads to draw in.

    Args:
        settings: How much of each.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        """Nothing is kept yet."""
        self.desk = Desk(settings.viewer_threads, settings.viewer_waiting)
        self.gallery = Gallery(settings.viewer_bytes, self.desk)
        self._tiles = Recent[tuple[str, str], bytes](settings.viewer_tile_bytes)

    @property
    def cache_bytes(self) -> dict[str, int]:
        """What is kept, by what it is."""
        return {"overlay tiles": self._tiles.nbytes, "cells": self.gallery.nbytes}

    async def tile(self, tenant: str, tag: str, draw: Callable[[], bytes]) -> bytes:
        """A tile, drawn unless it is kept.

        Args:
            tenant: Whose it is.
            tag: Its entity tag; empty: it is not kept.
            draw: Draws it.

        Raises:
            Problem: Too much of this tenant's waits already.
        """
        kept = self._tiles.get((tenant, tag)) if tag else None
        if kept is not None:
            return kept
        drawn = await self.desk.do(tenant, draw)
        if tag:
            self._tiles.put((tenant, tag), drawn, len(drawn))
        return drawn


def _room(connection: HTTPConnection) -> Room:
    room: Room = connection.app.state.room
    return room


ViewerRoom = Annotated[Room, Depends(_room)]
