"""Parameters of lists."""

from typing import Annotated

from fastapi import Query

from gateway.cursors import MAX_CURSOR

Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]
Cursor = Annotated[
    str | None,
    Query(max_length=MAX_CURSOR, description="`next` of the page before; none: the first page."),
]
