"""Declares sign-in by an OpenID provider: which one, and which of its groups have which role."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from config.setting_group import Group

HERE = frozenset({"127.0.0.1", "localhost", "::1"})
_SAFE = frozenset({("https", True), ("https", False), ("http", True)})
"""Schemes of an issuer, and whether it is on this machine."""


class SignOnSettings(Group):
    """Sign-in by an OpenID provider."""

    model_config = SettingsConfigDict(env_prefix="SHIPSYNC_OIDC_")

    issuer: str | None = Field(
        None, description="Issuer of the OpenID provider by which people sign in to the portal, an https address;"
        " unset: local users alone"
    )
    client_id: str = Field("shipsync", description="Client id of the portal there")
    client_secret: SecretStr | None = Field(None, description="Client secret of the portal there; unset: public client")
    scopes: str = Field("openid profile email", description="Scopes asked of the provider, separated by blanks")
    role_claim: str = Field(
        "groups", description="Claim of the ID token that roles follow from; dots lead into it (realm_access.roles)"
    )
    roles: str = Field(
        "{}", description="Role (viewer, operator, finance, admin) of each value of that claim (JSON), e.g."
        ' {"logistics": "operator"}; of several, the one with the most rights counts'
    )
    name_claim: str = Field(
        "email", description="Claim that a person is called by; where it is missing or the address is not verified, the"
        " subject"
    )
    label: str = Field("your organisation", description="Name of the provider on the button of the sign-in form")

    @field_validator("issuer")
    @classmethod
    def _safe(cls, value: str | None) -> str | None:
        if not value:
            return None
        parts = urlsplit(value)
        if not parts.hostname or (parts.scheme, parts.hostname in HERE) not in _SAFE:
            raise ValueError("use the https address of the provider (http on this machine alone)")
        return value
