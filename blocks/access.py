"""The key to a place in S3."""

from prefect.blocks.core import Block
from pydantic import ConfigDict, Field, SecretStr, model_validator

from slideloom.stores import S3Options


class S3Access(Block):
    """The key and the address of an S3 service; stores and tenants refer to it."""

    _block_type_name = "slideloom S3 access"
    _description = (
        "The key and the address of an S3 service; stores and tenants refer to it. Workers get it "
        "from here, and never from a run's parameters."
    )

    model_config = ConfigDict(hide_input_in_errors=True)  # a key may be in it

    access_key_id: str | None = Field(
        default=None,
        title="Access key id",
        description=(
            "Empty: the worker's own, from its environment, its profile or its machine's role."
        ),
    )
    secret_access_key: SecretStr | None = Field(
        default=None,
        title="Secret access key",
        description="Goes with the access key id.",
    )
    endpoint_url: str | None = Field(
        default=None,
        title="Endpoint",
        description="Address such as https://s3.lab.example:9000; empty: that of AWS.",
    )
    region: str | None = Field(
        default=None,
        title="Region",
        description="Region of the buckets, such as eu-central-1; empty: the worker's own.",
    )

    @model_validator(mode="after")
    def _is_usable(self) -> "S3Access":
        self.options()
        return self

    def options(self) -> S3Options:
        """What a store needs; a form sends an emptied field as empty text."""
        secret = self.secret_access_key
        return S3Options(
            access_key_id=self.access_key_id or None,
            secret_access_key=secret if secret and secret.get_secret_value() else None,
            endpoint_url=self.endpoint_url or None,
            region=self.region or None,
        )
