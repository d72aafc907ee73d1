"""Cells as a viewer shows them: tiles of outlines and density, and the cells in a box."""
