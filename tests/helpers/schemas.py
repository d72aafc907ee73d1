"""Schemas of our blocks, made once."""

import copy
import functools
from typing import Any

from prefect.blocks.core import Block

from blocks import KINDS


def schemas_once() -> None:
    """Let Prefect make each JSON schema once, not for each field whenever a block is saved."""
    for kind in KINDS:
        if "model_json_schema" not in vars(kind):
            kind.model_json_schema = classmethod(_copied(kind))  # type: ignore[method-assign, assignment]


def _copied(kind: type[Block]) -> Any:
    make = functools.cache(kind.model_json_schema)

    def copied(cls: type[Block], *args: Any, **given: Any) -> dict[str, Any]:
        return copy.deepcopy(make(*args, **given))

    return copied
