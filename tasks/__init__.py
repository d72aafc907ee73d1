"""Thin Prefect tasks over the pure core: retries, names and artifacts, no logic of their own."""
