"""Pictures of slides in tiles: drawn in threads, kept in bounded memory."""

from gateway.tiles.viewer import Viewer, etag, open_viewer

__all__ = ["Viewer", "etag", "open_viewer"]
