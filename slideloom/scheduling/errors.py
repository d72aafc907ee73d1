"""What the scheduler refuses."""

from slideloom.errors import BadInput


class SpecUnusable(BadInput):
    """The workflow cannot be run as written; the message names the place and what to change."""


class SpecUnreadable(SpecUnusable):
    """The text is not a spec at all: no YAML or JSON, too large, or not plain data."""


class RetryRefused(BadInput):
    """The job is not one that can be retried."""
