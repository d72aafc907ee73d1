"""Parameters of requests that several routes have."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

from gateway.cursors import MAX_CURSOR

WorkflowId = Annotated[UUID, Path(description="Id of a workflow of yours.")]
JobId = Annotated[UUID, Path(description="Id of a job of yours.")]
Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]
Cursor = Annotated[
    str | None,
    Query(max_length=MAX_CURSOR, description="`next` of the page before; none: the first page."),
]
