"""Declares where documents are kept, how large they may be, and what looks for viruses in them."""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from config.setting_group import Group

_SCHEMES = ("s3://", "gs://", "az://", "file://")


class DocumentSettings(Group):
    """Documents of shipments."""

    model_config = SettingsConfigDict(env_prefix="SHIPSYNC_DOCUMENTS_")

    store: str | None = Field(
        None,
        description="Where documents are kept: a folder that all machines share, or s3://BUCKET/PREFIX (gs://, az://);"
        " unset: documents in the data folder",
    )
    store_options: SecretStr | None = Field(
        None,
        description='Access to a bucket (JSON): {"access_key_id": "...", "secret_access_key": "...", "endpoint":'
        ' "https://...", "region": "..."}; unset: what the environment says (AWS_*)',
    )
    fetch: bool = Field(True, description="Whether documents are fetched from the links that carriers state")
    max_bytes: int = Field(10 * 1024 * 1024, ge=1024, description="Larger documents are refused")
    timeout: float = Field(30.0, gt=0, le=300, description="How long fetching one document may take")
    in_flight: int = Field(16, ge=1, le=500, description="Most documents one fetcher fetches at once")
    scan: str | None = Field(
        None,
        description="Looks for viruses: clamd:HOST:PORT, clamd:/path/of/its/socket, or a command that reads the"
        " document and ends with 0 (clean) or 1 (refused); unset: documents are not scanned",
    )
    credentials: SecretStr | None = Field(
        None,
        description='Headers sent to a carrier\'s host alone (JSON): {"pod.example.com": {"Authorization": "..."}}',
    )
    api_credentials: SecretStr | None = Field(
        None,
        description="Credentials by feed (JSON), in the form of SHIPSYNC_POLL_CREDENTIALS; the API of a feed that is"
        " named here is asked for documents that are missing",
    )
    link_hours: float = Field(24.0, gt=0, le=24 * 400, description="Hours for which a link to a document is good")

    erp_link_days: float = Field(400.0, gt=0, description="Days for which a link that an ERP is given is good")

    @field_validator("store")
    @classmethod
    def _is_store(cls, value: str | None) -> str | None:
        if value and "://" in value and not value.startswith(_SCHEMES):
            raise ValueError("use a folder, or s3://BUCKET/PREFIX")
        return value or None
