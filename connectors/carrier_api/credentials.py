"""Reads our credentials for each carrier from SHIPSYNC_POLL_CREDENTIALS; a feed named there is polled, others are
not."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from pydantic import SecretStr

from config.setting_group import SettingsError
from connectors.mapping.declared.poll_plan import Plan
from connectors.mapping.loading import Carrier

SETTING = "SHIPSYNC_POLL_CREDENTIALS"
_NEEDED = {"none": (), "header": ("key",), "basic": ("username", "password"),
           "oauth2": ("client_id", "client_secret")}


class Credentials(Struct, frozen=True, forbid_unknown_fields=True):
    """One feed's. ``base_url``: scheme and host to ask instead of the declared ones (a sandbox, a proxy)."""

    key: str = ""
    username: str = ""
    password: str = ""
    client_id: str = ""
    client_secret: str = ""
    base_url: str = ""

    def __repr__(self) -> str:
        return f"Credentials(base_url={self.base_url!r}, secrets hidden)"


class PolledCarrier(Struct, frozen=True):
    """A carrier that is polled, with its plan and our credentials."""

    carrier: Carrier
    slug: str
    plan: Plan
    credentials: Credentials


def read(secret: SecretStr | None) -> dict[str, Credentials]:
    """Credentials by feed. Raises SettingsError, without a word of them, where the setting is not what it should be."""
    if secret is None or not secret.get_secret_value().strip():
        return {}
    try:
        return msgspec.json.decode(secret.get_secret_value(), type=dict[str, Credentials])
    except msgspec.DecodeError as error:
        raise SettingsError(f"{SETTING} is no JSON object of credentials by feed: {error}") from None


def polled_carriers(carriers: list[Carrier], secret: SecretStr | None) -> list[PolledCarrier]:
    """The carriers that are polled, in their order. Raises SettingsError where credentials and carriers do not fit."""
    known, given = {carrier.feed: carrier for carrier in carriers}, read(secret)
    for feed in given:
        if feed not in known or known[feed].plan is None:
            able = ", ".join(sorted(feed for feed, carrier in known.items() if carrier.plan)) or "none"
            raise SettingsError(f"{SETTING}: {feed!r} is no feed that can be polled here; there is {able}")
    return [
        _checked(carrier, carrier.slug, carrier.plan, given[carrier.feed])
        for carrier in carriers
        if carrier.feed in given and carrier.plan is not None and carrier.slug is not None
    ]


def _checked(carrier: Carrier, slug: str, plan: Plan, credentials: Credentials) -> PolledCarrier:
    missing = [name for name in _NEEDED[plan.poll.authorisation.kind] if not getattr(credentials, name)]
    if missing:
        raise SettingsError(f"{SETTING}: {carrier.feed} needs {' and '.join(missing)}")
    base = urlsplit(credentials.base_url)
    if credentials.base_url and (base.scheme not in ("http", "https") or not base.netloc or base.path not in ("", "/")):
        raise SettingsError(f"{SETTING}: base_url of {carrier.feed} is to be scheme and host, like https://sandbox.example")
    return PolledCarrier(carrier, slug, plan, credentials)
