"""Declares how e-mail leaves: the SMTP server, how the connection is protected, and who it is from."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from config.setting_group import Group


class MailSecurity(StrEnum):
    """How a connection to the SMTP server is protected; certificates are always verified."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class MailSettings(Group):
    """E-mail."""

    model_config = SettingsConfigDict(env_prefix="SHIPSYNC_MAIL_")

    host: str | None = Field(None, description="SMTP server that takes e-mail to customers; unset: none is sent")
    port: int = Field(587, ge=1, le=65535, description="Its port")
    security: MailSecurity = Field(
        MailSecurity.STARTTLS, description="starttls, tls or none (within one machine only); certificates are verified"
    )
    user: str | None = Field(None, description="User at the SMTP server")
    password: SecretStr | None = Field(None, description="Password of the user")
    sender: str = Field(
        "shipsync@localhost", validation_alias="SHIPSYNC_MAIL_FROM", description="Address e-mail comes from"
    )
    connections: int = Field(10, ge=1, le=200, description="Most connections to the SMTP server at once")

    @field_validator("sender")
    @classmethod
    def _an_address(cls, value: str) -> str:
        if value.count("@") != 1 or not value.isascii() or not value.isprintable() or " " in value:
            raise ValueError("an e-mail address is due, such as news@example.com")
        return value
