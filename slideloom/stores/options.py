"""How to reach S3, and with which key."""

from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator


class S3Options(BaseModel):
    """Key, address and patience. No secret shows in its text or in an error of a store.

    Without a key, botocore looks for one where every tool of AWS does: environment, profile, role
    of the machine.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    access_key_id: str | None = Field(None, min_length=1, description="Access key id.")
    secret_access_key: SecretStr | None = Field(None, description="Secret access key.")
    endpoint_url: str | None = Field(
        None, description="Address of an S3 service that is not AWS's, such as https://s3.lab:9000."
    )
    region: str | None = Field(None, min_length=1, description="Region of the bucket.")
    tries: int = Field(5, ge=1, le=20, description="Attempts of each request.")
    connect_timeout_s: float = Field(10, gt=0, description="Wait for a connection.")
    read_timeout_s: float = Field(60, gt=0, description="Wait for the next bytes.")

    @field_validator("endpoint_url")
    @classmethod
    def _is_an_address(cls, stated: str | None) -> str | None:
        if stated is None:
            return None
        url = urlsplit(stated)
        if url.scheme not in {"http", "https"} or not url.hostname or "@" in url.netloc:
            raise ValueError("must be an http or https address without a user in it")
        return stated.rstrip("/")

    @model_validator(mode="after")
    def _has_both_halves(self) -> "S3Options":
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError("access_key_id and secret_access_key go together: give both or none")
        return self
