"""What an uploaded file is, found out in a process of its own with limits."""

from gateway.inspection.facts import Facts, UploadRefused
from gateway.inspection.run import Limits, inspect_file

__all__ = ["Facts", "Limits", "UploadRefused", "inspect_file"]
