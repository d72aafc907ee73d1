"""What can be configured on the pool and on a deployment: nothing.

Runs share the worker's process: its environment, its command and its labels are the process's own,
so fields for them would be pretended.
"""

from typing import Any

from prefect.client.schemas.objects import FlowRun, WorkPool
from prefect.client.schemas.responses import DeploymentResponse
from prefect.workers.base import BaseJobConfiguration, BaseVariables

_NOTHING_TO_SET = (
    "Runs share the worker's process, so there is nothing to set here: environment and limits are "
    "set where the worker is started."
)


class WarmVariables(BaseVariables):
    """No variables."""

    @classmethod
    def model_json_schema(cls, *_: Any, **__: Any) -> dict[str, Any]:
        """An empty form."""
        return {"type": "object", "properties": {}, "description": _NOTHING_TO_SET}


class WarmConfiguration(BaseJobConfiguration):
    """What a run needs from its deployment: the entrypoint."""

    @classmethod
    def json_template(cls) -> dict[str, Any]:
        """No more than Prefect demands: the server refuses an empty configuration."""
        return {"labels": {}}

    @property
    def entrypoint(self) -> str | None:
        """Importable path of the flow."""
        deployment: DeploymentResponse | None = self._related_objects.get("deployment")
        return deployment.entrypoint if deployment else None

    def prepare_for_flow_run(
        self,
        flow_run: FlowRun,
        deployment: DeploymentResponse | None = None,
        flow: Any = None,
        work_pool: WorkPool | None = None,  # noqa: ARG002 - Prefect's signature
        worker_name: str | None = None,  # noqa: ARG002
        worker_id: Any = None,  # noqa: ARG002
    ) -> None:
        """Note what the run belongs to; there is no environment and no command to prepare."""
        related = {"deployment": deployment, "flow": flow, "flow-run": flow_run}
        self._related_objects = related
