"""Flows: what runs, one file a flow, orchestration only."""
