"""Secrets of carriers and keys of clients: read from settings, compared in constant time, never shown."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping

import msgspec
from pydantic import SecretStr

from config.setting_group import SettingsError
from connectors.gateway.problems import Problem

Secrets = Mapping[str, tuple[str, ...]]


def secrets_of(setting: str, value: SecretStr | None) -> Secrets:
    """Name -> its secrets, of JSON like ``{"acme": "s3cret", "other": ["new", "old"]}``.

    Raises SettingsError, which does not repeat the value.
    """
    if value is None or not value.get_secret_value().strip():
        return {}
    try:
        read = msgspec.json.decode(value.get_secret_value(), type=dict[str, str | list[str]])
    except msgspec.DecodeError as error:
        raise SettingsError(f"{setting}: a JSON object of names and secrets (or lists of them) is due") from error
    found = {name: (said,) if isinstance(said, str) else tuple(said) for name, said in read.items()}
    empty = [name for name, known in found.items() if not known or not all(known)]
    if empty:
        raise SettingsError(f"{setting}: {empty[0]} has an empty secret, which would let anybody in")
    return found


def is_one_of(given: bytes, known: Iterable[bytes]) -> bool:
    """Whether ``given`` is among ``known``; how long that takes tells nothing of which, or how much of it, fits."""
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
