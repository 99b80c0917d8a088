"""Declares the sending of messages to customers: the key of their secrets, where requests may go, and how many at
once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from config.setting_group import Group, ReadableFile, comma_separated

_RATE = re.compile(r"(\*|[A-Za-z0-9._:-]+)\s*=\s*[1-9]\d{0,8}/([1-9]\d{0,5})?[smhd]")


class OutboundSettings(Group):
    """Messages to customers."""

    model_config = SettingsConfigDict(env_prefix="SHIPSYNC_OUTBOUND_")

    key: SecretStr | None = Field(
        None,
        description="Encrypts the signing secrets of customers' endpoints and the addresses of recipients (32 bytes in"
        " URL-safe base64; several, comma separated, the newest first); unset: one that is kept in the data folder",
    )
    timeout: float = Field(15.0, gt=0, le=60, description="How long one request to a customer's endpoint may take")
    in_flight: int = Field(2_000, ge=1, le=50_000, description="Most requests one sender has under way at once")
    dry_run: bool = Field(
        False, description="Whether all messages to the outside are recorded as outcomes and none is sent"
    )
    alert_secrets_file: Path | None = Field(
        None,
        description="Addresses and keys of alert channels, encrypted by `shipsync alerts secret`; unset:"
        " alert-secrets.yaml in the data folder",
    )
    opt_in_days: int = Field(
        60, ge=1, le=400, description="Days after which recipients who opted in on a tracking page are forgotten"
    )
    rates: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Most messages to one destination, of all senders together, such as"
        " smtp.example.com=10/s,slack=60/m,*=100/s (a host, a service, channel:NAME, webhook:ENDPOINT; *: each other"
        " host or service); unset: no limit",
    )
    private_addresses: bool = Field(
        False, description="Whether requests may go to private addresses, and by plain http; for trials only"
    )

    _split = field_validator("rates", mode="before")(comma_separated)

    @field_validator("rates")
    @classmethod
    def _are_rates(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if _RATE.fullmatch(one) is None:
                raise ValueError("use NAME=20/s, NAME=100/m or NAME=1/5s, comma separated")
        names = [one.partition("=")[0].strip().lower() for one in value]
        if len(set(names)) < len(names):
            raise ValueError("a name has one rate")
        return value


class ErpSettings(Group):
    """ERPs that are posted to."""

    model_config = SettingsConfigDict(env_prefix="SHIPSYNC_ERP_")

    file: ReadableFile = Field(
        None, description="The ERPs that are posted to; unset: config/erp.yaml of the package, which has none"
    )


class FulfilmentSettings(Group):
    """When deliveries are posted."""

    model_config = SettingsConfigDict(env_prefix="SHIPSYNC_FULFILMENT_")

    file: ReadableFile = Field(
        None, description="What deliveries wait for before they are posted, in place of config/fulfilment.yaml"
    )


class BookingSettings(Group):
    """How carriers are booked."""

    model_config = SettingsConfigDict(env_prefix="SHIPSYNC_BOOKINGS_")

    file: ReadableFile = Field(
        None, description="Which carriers are asked for which deliveries, and how; unset: config/bookings.yaml of the"
        " package, which has none"
    )
