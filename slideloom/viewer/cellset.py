"""All cells of a slide that can be shown, or those that there are so far."""

import threading
from typing import Any

import numpy as np

from slideloom.arrays import Float64, Int64
from slideloom.viewer.field import Field, field_of
from slideloom.viewer.piece import UNITS, Piece
from slideloom.viewer.pyramid import Pyramid

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in level-0 px."""


class CellSet:
    """Cells in pieces.

    It may be asked from several threads at once.

    Args:
        pieces: The cells, in an order that stays: who is drawn above whom depends on it.
    """

    def __init__(self, pieces: tuple[Piece, ...]) -> None:
        """Nothing is computed yet."""
        self.pieces = pieces
        self._fields: dict[tuple[Pyramid, int], Field] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return sum(map(len, self.pieces))

    @property
    def nbytes(self) -> int:
        """Bytes of the cells in memory."""
        return sum(piece.nbytes for piece in self.pieces)

    def within(self, box: Box) -> list[tuple[Piece, Int64]]:
        """Pieces and places in them of the cells whose box meets this one."""
        units = tuple(round(side * UNITS) for side in box)
        found = [
            (piece, piece.within((units[0], units[1], units[2], units[3]))) for piece in self.pieces
        ]
        return [(piece, places) for piece, places in found if len(places)]

    def outlines(self, box: Box) -> tuple[Float64, Int64, Float64]:
        """Cells near a box: (n, 2) corners in level-0 px, (k + 1,) offsets, (k,) areas in µm²."""
        coords, offsets = [np.zeros((0, 2))], [np.zeros(1, np.int64)]
        areas = [np.zeros(0)]
        for piece, places in self.within(box):
            xy, own = piece.outlines(places)
            coords.append(xy)
            offsets.append(own[1:] + offsets[-1][-1])
            areas.append(piece.areas_um2(places))
        return np.concatenate(coords), np.concatenate(offsets), np.concatenate(areas)

    def described(self, box: Box, most: int) -> tuple[int, list[dict[str, Any]]]:
        """How many cells meet a box, and those as plain data; of more than `most`, a thinned lot.

        Args:
            box: The box.
            most: So many are told at most, taken evenly from all.
        """
        found = self.within(box)
        total = sum(len(places) for _, places in found)
        told, before = list[dict[str, Any]](), 0
        chosen = np.linspace(0, total - 1, most).astype(np.int64) if total > most else None
        for piece, places in found:
            if chosen is not None:
                here = chosen[(chosen >= before) & (chosen < before + len(places))] - before
                before += len(places)
                places = places[here]
            told += piece.described(places)
        return total, told

    def field(self, pyramid: Pyramid, level: int) -> Field:
        """Where the cells are dense, at a level; computed once."""
        with self._lock:
            key = pyramid, level
            if key not in self._fields:
                centroids = [piece.centroids for piece in self.pieces]
                self._fields[key] = field_of(centroids, pyramid, level)
            return self._fields[key]
