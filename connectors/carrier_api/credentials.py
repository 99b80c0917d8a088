"""Reads our credentials for each carrier. A feed that SHIPSYNC_POLL_CREDENTIALS names is polled; the API of one that
SHIPSYNC_DOCUMENTS_API_CREDENTIALS names is asked for documents."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from pydantic import SecretStr

from config.setting_group import SettingsError
from connectors.formats.prepared_types import prepared
from connectors.mapping.declared.document_call import CallPlan
from connectors.mapping.declared.poll_plan import Authorisation, Plan
from connectors.mapping.loading import Carrier

SETTING = "SHIPSYNC_POLL_CREDENTIALS"
DOCUMENTS = "SHIPSYNC_DOCUMENTS_API_CREDENTIALS"
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


class CalledCarrier(Struct, frozen=True):
    """A carrier whose API is asked for documents, with how that is done and our credentials."""

    feed: str
    slug: str
    plan: CallPlan
    credentials: Credentials


def read(secret: SecretStr | None, setting: str = SETTING) -> dict[str, Credentials]:
    """Credentials by feed. Raises SettingsError, without a word of them, where the setting is not what it should be."""
    if secret is None or not secret.get_secret_value().strip():
        return {}
    try:
        return msgspec.json.decode(secret.get_secret_value(), type=prepared(dict[str, Credentials]))
    except msgspec.DecodeError as error:
        raise SettingsError(f"{setting} is no JSON object of credentials by feed: {error}") from None


def polled_carriers(carriers: list[Carrier], secret: SecretStr | None) -> list[PolledCarrier]:
    """The carriers that are polled, in their order. Raises SettingsError where credentials and carriers do not fit."""
    known, given = {carrier.feed: carrier for carrier in carriers}, read(secret)
    for feed in given:
        if feed not in known or known[feed].plan is None:
            able = ", ".join(sorted(feed for feed, carrier in known.items() if carrier.plan)) or "none"
            raise SettingsError(f"{SETTING}: {feed!r} is no feed that can be polled here; there is {able}")
    return [
        PolledCarrier(
            carrier, carrier.slug, carrier.plan,
            _checked(carrier.feed, carrier.plan.poll.authorisation, given[carrier.feed], SETTING),
        )
        for carrier in carriers
        if carrier.feed in given and carrier.plan is not None and carrier.slug is not None
    ]


def called_carriers(carriers: Iterable[Carrier], secret: SecretStr | None) -> list[CalledCarrier]:
    """The carriers whose API is asked for documents, in their order. Raises SettingsError where credentials and
    carriers do not fit."""
    given = read(secret, DOCUMENTS)
    able = {one.feed: (one.slug, one.document_call) for one in carriers if one.slug and one.document_call}
    for feed in given:
        if feed not in able:
            names = ", ".join(sorted(able)) or "none"
            raise SettingsError(f"{DOCUMENTS}: {feed!r} has no document_call in its carrier.yaml; there is {names}")
    return [
        CalledCarrier(feed, slug, plan, _checked(feed, plan.call.authorisation, given[feed], DOCUMENTS))
        for feed, (slug, plan) in able.items() if feed in given
    ]


def _checked(feed: str, how: Authorisation, credentials: Credentials, setting: str) -> Credentials:
    missing = [name for name in _NEEDED[how.kind] if not getattr(credentials, name)]
    if missing:
        raise SettingsError(f"{setting}: {feed} needs {' and '.join(missing)}")
    base = urlsplit(credentials.base_url)
    if credentials.base_url and (base.scheme not in ("http", "https") or not base.netloc or base.path not in ("", "/")):
        raise SettingsError(f"{setting}: base_url of {feed} is to be scheme and host, like https://sandbox.example")
    return credentials
