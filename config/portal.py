"""Declares the portal: its port, who may look at its pages, the programs that may read its API, and how often."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from config.setting_group import Group


class PortalSettings(Group):
    """Portal and API."""

    model_config = SettingsConfigDict(env_prefix="SHIPSYNC_PORTAL_")

    port: int = Field(18090, ge=0, le=65535, description="Port of the portal: pages and the API")
    url: str | None = Field(
        None, description="Address customers reach the portal by, in links that are sent to them; unset: this machine's"
    )
    rate: int = Field(1_200, ge=1, description="Requests a minute of one client of the API")
    unproven_rate: int = Field(
        60, ge=1, description="Requests a minute of one address that may come without a valid key; then 429"
    )
    clients: SecretStr | None = Field(
        None, validation_alias="SHIPSYNC_CLIENTS",
        description="Programs that may read the API (JSON): a list of entries that `shipsync keys new` prints",
    )
    users: SecretStr | None = Field(
        None,
        description="People who may sign in (JSON): a list of entries that `shipsync users new` prints; none: whoever"
        " asks from this machine",
    )
    secret: SecretStr | None = Field(
        None, description="Signs tracking links and sessions; unset: one that is kept in the data folder"
    )
    critical_hours: float = Field(4, gt=0, description="Hours within which a critical alert is to be closed")
    warning_hours: float = Field(24, gt=0, description="The same of a warning")
    info_hours: float = Field(72, gt=0, description="The same of an alert that informs")
    tracking_days: int = Field(60, ge=1, description="Days for which a link to a tracking page is good")
    opt_in_rate: int = Field(
        5, ge=1, description="Opt-ins a minute of one address, and of one order, on tracking pages"
    )
    opt_in_time_zone: str = Field("UTC", description="Time zone that recipients who opted in are told times in")
    brands: Path | None = Field(None, description="File of the brands that tracking pages are shown in")
