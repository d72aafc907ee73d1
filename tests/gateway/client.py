"""A small typed client of the door, made of nothing but its models."""

from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel

from gateway.answers import JobOut, JobsOut, WorkflowDetailOut, WorkflowOut, WorkflowsOut
from gateway.problems import ProblemOut
from gateway.routes.catalogue import ModelsOut
from gateway.routes.results import FileOut, ResultOut

_Out = TypeVar("_Out", bound=BaseModel)


class Refused(Exception):
    """The door said no.

    Args:
        problem: Why.
    """

    def __init__(self, problem: ProblemOut) -> None:
        super().__init__(f"{problem.status} {problem.code}: {problem.detail}")
        self.problem = problem


class Client:
    """A tenant's way to the door.

    Args:
        url: The door's address.
        key: The tenant's key.
    """

    def __init__(self, url: str, key: str) -> None:
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"},
            trust_env=False,
            timeout=60,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def models(self) -> ModelsOut:
        """The models that jobs can name."""
        return self._get(ModelsOut, "models")

    def submit(self, spec: dict[str, Any], key: str | None = None) -> WorkflowDetailOut:
        """Submit a workflow; with the same key once, however often."""
        headers = {"Idempotency-Key": key} if key else {}
        answer = self._http.post("/api/v1/workflows", json=spec, headers=headers)
        return WorkflowDetailOut.model_validate_json(_good(answer).content)

    def workflow(self, workflow: str) -> WorkflowDetailOut:
        """A workflow as it is now."""
        return self._get(WorkflowDetailOut, f"workflows/{workflow}")

    def workflows(self, **wanted: Any) -> Iterator[WorkflowOut]:
        """All workflows, page by page."""
        page = self._get(WorkflowsOut, "workflows", **wanted)
        yield from page.items
        while page.next:
            page = self._get(WorkflowsOut, "workflows", cursor=page.next, **wanted)
            yield from page.items

    def jobs(self, **wanted: Any) -> Iterator[JobOut]:
        """All jobs, page by page."""
        page = self._get(JobsOut, "jobs", **wanted)
        yield from page.items
        while page.next:
            page = self._get(JobsOut, "jobs", cursor=page.next, **wanted)
            yield from page.items

    def job(self, job: str) -> JobOut:
        """A job as it is now."""
        return self._get(JobOut, f"jobs/{job}")

    def result(self, job: str) -> ResultOut:
        """What a job has made."""
        return self._get(ResultOut, f"jobs/{job}/result")

    def content(self, file: FileOut) -> bytes:
        """A file of a result."""
        return _good(self._http.get(file.href)).content

    def _get(self, out: type[_Out], path: str, **wanted: Any) -> _Out:
        answer = self._http.get(f"/api/v1/{path}", params=wanted)
        return out.model_validate_json(_good(answer).content)


def _good(answer: httpx.Response) -> httpx.Response:
    if answer.is_error:
        raise Refused(ProblemOut.model_validate_json(answer.content))
    return answer
