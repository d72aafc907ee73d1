"""Everything that slideloom needs on a Prefect server, made by one idempotent command."""

from deployments.register.registering import register

__all__ = ["register"]
