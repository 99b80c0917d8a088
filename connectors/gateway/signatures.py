"""Verifies that a push comes from its carrier, by every scheme that a ``push:`` section can declare.

Pure: request, secrets and time are arguments. All comparisons take constant time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import NamedTuple

from connectors.gateway.credentials import is_one_of
from connectors.mapping.declared.schema import Push

Network = IPv4Network | IPv6Network
MILLISECONDS_FROM = 100_000_000_000
"""Numbers from here on are milliseconds since 1970, smaller ones seconds."""
_PLACEHOLDER = re.compile(r"(\{[^{}]*\})")
_WEBHOOK_SECRET = "whsec_"

OWN_TOKEN = Push(scheme="token", source="ShipSync's own", header="Authorization", prefix="Bearer ")
"""The scheme for carriers whose file has no ``push:`` section."""


class Arrived(NamedTuple):
    """The checked parts of a request. ``headers``: names in lower case; ``peer``: the client's address."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    peer: str


class NotProven(Exception):
    """The push failed its check. ``code``: unsigned, bad_signature or replayed."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


Proof = Callable[[Arrived, float], None]
"""Returns if the push is valid at this time (seconds since 1970). Raises NotProven otherwise."""


class Check(NamedTuple):
    """How a carrier's pushes are proven. ``by_head``: what can be said before the body is read (``Arrived.body`` is
    empty then); ``by_body``: the rest, None where the head proves all."""

    by_head: Proof
    by_body: Proof | None = None

    def __call__(self, arrived: Arrived, now: float) -> None:
        """Check a whole request. Raises NotProven."""
        self.by_head(arrived, now)
        if self.by_body is not None:
            self.by_body(arrived, now)


def compile_check(push: Push, secrets: Sequence[str], proxies: Sequence[Network] = ()) -> Check:
    """The check of a carrier's pushes. Raises ValueError for a secret that is not in the declared format."""
    name = push.header.lower()
    if push.scheme in ("hmac", "digest"):
        return _digests(push, secrets)
    if push.scheme == "token":
        return Check(_text(name, push.prefix, [secret.encode() for secret in secrets]))
    if push.scheme == "basic":
        return Check(_text("authorization", "Basic ", [base64.b64encode(secret.encode()) for secret in secrets]))
    if push.scheme == "mtls":
        named = _text(name, push.prefix, [secret.encode() for secret in secrets])
        return Check(_through_a_proxy(named, proxies, name))
    return Check(_never)


def _never(arrived: Arrived, now: float) -> None:
    del arrived, now
    raise NotProven("unsigned", "this carrier proves nothing, and unsigned pushes are not taken of it")


def _text(name: str, prefix: str, known: Sequence[bytes]) -> Proof:
    def check(arrived: Arrived, now: float) -> None:
        del now
        given = _without(prefix, _header(arrived, name), name)
        if not is_one_of(given.encode("latin-1", "replace"), known):
            raise NotProven("bad_signature", f"{name} holds no known credential")

    return check


def _through_a_proxy(check: Proof, proxies: Sequence[Network], name: str) -> Proof:
    def trusted(arrived: Arrived, now: float) -> None:
        try:
            peer = ip_address(arrived.peer)
        except ValueError as error:
            raise NotProven("unsigned", f"{name} counts from a trusted proxy only") from error
        if not any(peer in network for network in proxies):
            raise NotProven("unsigned", f"{name} counts from a trusted proxy only")
        check(arrived, now)

    return trusted


def _digests(push: Push, secrets: Sequence[str]) -> Check:
    keys = [_key(push, secret) for secret in secrets]
    name, made_of = push.header.lower(), _PLACEHOLDER.split(push.signed)

    wrong = f"{name} is not the digest of this body with a known secret"
    size = hashlib.new(push.algorithm).digest_size

    def given(arrived: Arrived) -> list[bytes]:
        said = [_without(push.prefix, one, name) for one in _several(_header(arrived, name), push)]
        return [raw for one in said if len(raw := _raw(one, push.encoding)) == size]

    def by_head(arrived: Arrived, now: float) -> None:
        found = given(arrived)
        if push.timestamp_header is not None:
            _check_time(_header(arrived, push.timestamp_header.lower()), now, push.replay_seconds)
        _signed(push, made_of, b"", arrived)
        if not found or not keys:
            raise NotProven("bad_signature", wrong)

    def by_body(arrived: Arrived, now: float) -> None:
        del now
        expected = [_expected(push, key, _signed(push, made_of, key, arrived)) for key in keys]
        if not any(is_one_of(one, expected) for one in given(arrived)):
            raise NotProven("bad_signature", wrong)

    return Check(by_head, by_body)


def _several(said: str, push: Push) -> list[str]:
    if not push.separator:
        return [said]
    return [one for one in said.split(push.separator) if one.startswith(push.prefix)] or [said]


def _key(push: Push, secret: str) -> bytes:
    if push.secret_form == "nfkd":
        return unicodedata.normalize("NFKD", secret).encode()
    if push.secret_form == "base64":
        return base64.b64decode(secret.removeprefix(_WEBHOOK_SECRET), validate=True)
    return secret.encode()


def _signed(push: Push, made_of: Sequence[str], key: bytes, arrived: Arrived) -> bytes:
    values = {
        "{body}": arrived.body, "{method}": arrived.method.encode(), "{path}": arrived.path.encode(), "{secret}": key,
    }
    if push.timestamp_header is not None:
        values["{timestamp}"] = _header(arrived, push.timestamp_header.lower()).encode("latin-1")
    parts = []
    for part in made_of:
        if part.startswith("{header."):
            parts.append(_header(arrived, part[len("{header."):-1].lower()).encode("latin-1"))
        else:
            parts.append(values.get(part, part.encode()))
    return b"".join(parts)


def _expected(push: Push, key: bytes, signed: bytes) -> bytes:
    if push.scheme == "digest":
        return hashlib.new(push.algorithm, signed).digest()
    return hmac.new(key, signed, push.algorithm).digest()


def _raw(given: str, encoding: str) -> bytes:
    """The digest as bytes; nothing where it is not written as declared."""
    try:
        return bytes.fromhex(given) if encoding == "hex" else base64.b64decode(given, validate=True)
    except (ValueError, binascii.Error):
        return b""


def _header(arrived: Arrived, name: str) -> str:
    value = arrived.headers.get(name, "").strip()
    if not value:
        raise NotProven("unsigned", f"the header {name} is missing")
    return value


def _without(prefix: str, value: str, name: str) -> str:
    if value[: len(prefix)].lower() != prefix.lower():
        raise NotProven("bad_signature", f"{name} does not begin with {prefix.strip()}")
    return value[len(prefix):].strip()


def _check_time(said: str, now: float, window: int) -> None:
    try:
        at = _seconds(said)
    except (ValueError, OverflowError) as error:
        raise NotProven("bad_signature", "the timestamp is none") from error
    if abs(now - at) > window:
        raise NotProven("replayed", f"the timestamp is {abs(now - at):.0f} s from our time; {window} s are taken")


def _seconds(said: str) -> float:
    if said.isascii() and said.isdecimal():
        number = int(said)
        return number / 1000 if number >= MILLISECONDS_FROM else float(number)
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        at = parsedate_to_datetime(said)
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
