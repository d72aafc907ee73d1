"""Shards on real workers that are killed, stopped and started again."""
