"""Blocks: where things are and with which key."""
