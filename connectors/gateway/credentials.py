"""Secrets of carriers and keys of clients: read from settings, compared in constant time, never shown."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

import msgspec
from pydantic import SecretStr

from config.setting_group import SettingsError
from connectors.formats.prepared_types import prepared
from connectors.gateway.problems import Problem

Secrets = Mapping[str, tuple[str, ...]]
SCOPES = ("orders", "wms", "alerts", "masterdata", "documents")
"""Clients that keys are given to: the names in SHIPSYNC_API_KEYS."""


def secrets_of(setting: str, value: SecretStr | None) -> Secrets:
    """Name -> its secrets, of JSON like ``{"acme": "s3cret", "other": ["new", "old"]}``.

    Raises SettingsError, which does not repeat the value.
    """
    if value is None or not value.get_secret_value().strip():
        return {}
    try:
        read = msgspec.json.decode(value.get_secret_value(), type=prepared(dict[str, str | list[str]]))
    except msgspec.DecodeError as error:
        raise SettingsError(f"{setting}: a JSON object of names and secrets (or lists of them) is due") from error
    found = {name: (said,) if isinstance(said, str) else tuple(said) for name, said in read.items()}
    for name, known in found.items():
        if not known or not all(one.strip() for one in known):
            raise SettingsError(f"{setting}: {name} has an empty secret, which would let anybody in")
        if any(one != one.strip() or not one.isprintable() for one in known):
            raise SettingsError(
                f"{setting}: a secret of {name} begins or ends with space, or holds characters that no header carries"
            )
    return found


def keys_of(value: SecretStr | None) -> Secrets:
    """The keys of each client, of ``SHIPSYNC_API_KEYS``. Raises SettingsError, also for a client that is none."""
    found = secrets_of("SHIPSYNC_API_KEYS", value)
    for name in found.keys() - set(SCOPES):
        near = get_close_matches(name, SCOPES, 1)
        hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(SCOPES)}"
        raise SettingsError(f"SHIPSYNC_API_KEYS: there is no client {name}; {hint}")
    return found


def is_one_of(given: bytes, known: Iterable[bytes]) -> bool:
    """Whether ``given`` is one of ``known``. The time it takes reveals neither which one, nor how much of it,
    matches."""
    found = False
    for one in known:
        found |= hmac.compare_digest(given, one)
    return found


def check_key(authorization: str | None, keys: tuple[str, ...]) -> None:
    """Return for ``Authorization: Bearer <one of the keys>``. Raises Problem 401."""
    scheme, _, token = (authorization or "").partition(" ")
    known = is_one_of(token.strip().encode(), [key.encode() for key in keys])
    if scheme.lower() != "bearer" or not known:
        raise Problem(
            401, "unauthorised", "a known key is due: Authorization: Bearer <key>",
            headers={"WWW-Authenticate": 'Bearer realm="shipsync"'},
        )
