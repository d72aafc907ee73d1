"""The deployments as `prefect.yaml` writes them."""

from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions
from prefect.client.schemas.schedules import IntervalSchedule
from pydantic import BaseModel, ConfigDict, Field

FILE = "prefect.yaml"


class _Part(BaseModel):
    # Prefect reads over what it does not know; a misspelt word must not be.
    model_config = ConfigDict(extra="forbid", frozen=True)


class Pool(_Part):
    """Where runs are taken from."""

    name: str


class Limit(_Part):
    """How many runs at the same time, and what becomes of the others."""

    limit: int
    collision_strategy: Literal["ENQUEUE", "CANCEL_NEW"]

    @property
    def options(self) -> ConcurrencyOptions:
        """As Prefect's API wants it."""
        return ConcurrencyOptions(
            collision_strategy=ConcurrencyLimitStrategy(self.collision_strategy)
        )


class Every(_Part):
    """A schedule by the clock; the interval is in seconds."""

    slug: str
    interval: int = Field(gt=0)
    active: bool = True
    parameters: dict[str, Any] = Field(default_factory=dict)

    @property
    def schedule(self) -> DeploymentScheduleCreate:
        """As Prefect's API wants it."""
        return DeploymentScheduleCreate(
            slug=self.slug,
            schedule=IntervalSchedule(interval=timedelta(seconds=self.interval)),
            active=self.active,
            parameters=self.parameters,
        )


class Written(_Part):
    """One deployment."""

    name: str
    entrypoint: str = Field(pattern=r"^[a-z_]+(\.[a-z_]+)+$")
    description: str
    tags: list[str]
    work_pool: Pool
    parameters: dict[str, Any] = Field(default_factory=dict)
    concurrency_limit: Limit | None = None
    schedules: list[Every] = Field(default_factory=list)
    enforce_parameter_schema: bool = True


def find_file() -> Path:
    """`prefect.yaml`: in an installed package beside this module, otherwise the repository's."""
    here = Path(__file__)
    packaged = here.with_name(FILE)
    return packaged if packaged.exists() else here.parents[2] / FILE


@lru_cache(maxsize=1)
def written_deployments() -> tuple[Written, ...]:
    """All deployments.

    Raises:
        ValidationError: The file says something that slideloom does not know.
    """
    content = yaml.safe_load(find_file().read_text(encoding="utf-8"))
    return tuple(Written.model_validate(deployment) for deployment in content["deployments"])
