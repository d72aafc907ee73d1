"""What all bodies have in common, those that come and those that go."""

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """A body, or a part of one: nothing is in it that is not named."""

    model_config = ConfigDict(extra="forbid")
