"""Programs that may read the API, as SHIPSYNC_CLIENTS declares them: the hash of a key, scopes, a customer, an end."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from hashlib import sha256

import msgspec
from pydantic import SecretStr

from config.setting_group import SettingsError
from connectors.formats.prepared_types import prepared

SETTING = "SHIPSYNC_CLIENTS"
SCOPES = (
    "shipments:read", "orders:read", "alerts:read", "feeds:read", "dead-letters:read", "raw:read", "figures:read",
    "audit:read", "subscriptions:read", "subscriptions:write", "deliveries:read", "deliveries:decide",
    "bookings:read", "bookings:decide",
)
OF_CUSTOMERS = frozenset({
    "shipments:read", "orders:read", "deliveries:read", "subscriptions:read", "subscriptions:write",
})
"""Scopes of what can be told by customer; a client of a customer has no others."""
KEY_BEGINS, KEY_BYTES = "shipsync_", 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HASH = re.compile(r"sha256:[0-9a-f]{64}")


class Entry(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One entry of the setting. ``hash``: ``sha256:`` and the hexadecimal digest of the key; ``expires``: the last day
    (UTC) or the instant (RFC 3339) the key is good for."""

    name: str
    hash: str
    scopes: list[str]
    customer: str | None = None
    expires: str | None = None


class Client(msgspec.Struct, frozen=True):
    """A program. ``customer``: it sees only what is this customer's; ``until``: UTC seconds its key ends at."""

    name: str
    digest: bytes
    scopes: frozenset[str]
    customer: str | None = None
    until: float | None = None

    def is_over(self, now: float) -> bool:
        """Whether the key has ended. ``now``: UTC seconds."""
        return self.until is not None and now >= self.until


def clients_of(value: SecretStr | None) -> tuple[Client, ...]:
    """The clients of the setting. Raises SettingsError, which repeats no hash."""
    if value is None or not value.get_secret_value().strip():
        return ()
    try:
        entries = msgspec.json.decode(value.get_secret_value(), type=prepared(list[Entry]))
    except msgspec.DecodeError as error:
        raise SettingsError(f"{SETTING}: a JSON list of entries is due, as `shipsync keys new` prints them") from error
    return tuple(map(client_of, entries))


def client_of(entry: Entry) -> Client:
    """The client an entry declares. Raises SettingsError."""
    if _NAME.fullmatch(entry.name) is None:
        raise SettingsError(f"{SETTING}: a client's name is letters, digits, dots and hyphens, 64 at most")
    if _HASH.fullmatch(entry.hash) is None:
        raise SettingsError(f"{SETTING}: {entry.name}: hash is sha256: and 64 hexadecimal digits of the key's SHA-256")
    if not entry.scopes:
        raise SettingsError(f"{SETTING}: {entry.name} has no scope; there is {', '.join(SCOPES)}")
    for scope in entry.scopes:
        if scope not in SCOPES:
            near = get_close_matches(scope, SCOPES, 1)
            hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(SCOPES)}"
            raise SettingsError(f"{SETTING}: {entry.name}: there is no scope {scope}; {hint}")
    if entry.customer is not None:
        if not entry.customer.strip():
            raise SettingsError(f"{SETTING}: {entry.name}: customer is empty; leave it out for a client that sees all")
        if others := sorted(set(entry.scopes) - OF_CUSTOMERS):
            raise SettingsError(f"{SETTING}: {entry.name}: a customer's client cannot have {', '.join(others)}")
    return Client(
        entry.name, bytes.fromhex(entry.hash.removeprefix("sha256:")), frozenset(entry.scopes), entry.customer,
        None if entry.expires is None else _end(entry.name, entry.expires),
    )


def new_key(name: str, scopes: Sequence[str], customer: str | None, expires: str | None) -> tuple[str, Entry]:
    """A new random key and the entry that lets it in. Raises SettingsError for what no entry may say."""
    key = KEY_BEGINS + secrets.token_urlsafe(KEY_BYTES)
    entry = Entry(name, f"sha256:{sha256(key.encode()).hexdigest()}", list(scopes), customer, expires)
    client_of(entry)
    return key, entry


def bearer(key: str, known: Sequence[Client]) -> Client | None:
    """Whose key it is; None for nobody's. The time it takes does not show how much of a hash matches."""
    digest = sha256(key.encode()).digest()
    found = None
    for one in known:
        if hmac.compare_digest(one.digest, digest):
            found = one
    return found


def _end(name: str, expires: str) -> float:
    try:
        if len(expires) == len("2027-01-31"):
            day = date.fromisoformat(expires) + timedelta(days=1)
            return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
        found = datetime.fromisoformat(expires)
    except (ValueError, OverflowError):
        found = None
    if found is None or found.tzinfo is None:
        raise SettingsError(f"{SETTING}: {name}: expires is a day (2027-01-31) or a time with its offset")
    return found.timestamp()
