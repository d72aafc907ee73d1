"""Cells: from label images to outlines, measures and one exact set over all tiles."""
