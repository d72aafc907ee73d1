"""Segmentation engines behind one protocol."""
