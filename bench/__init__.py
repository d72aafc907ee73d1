"""Benchmarks: ratios measured in one run, since seconds belong to a machine and its load."""
