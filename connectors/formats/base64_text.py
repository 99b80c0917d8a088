"""Reads files that messages carry as base64 (RFC 4648), and finds one again by the hash of its content."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import msgspec

LEAST = 24
"""Characters of base64 below which a text is a word that happens to look so."""
_DATA_URL = re.compile(r"\s*data:[^,;]*;base64,", re.IGNORECASE)
_RUN = re.compile(rb"[A-Za-z0-9+/=_\-\s]{%d,}" % LEAST)


def decoded(text: str) -> bytes | None:
    """The content; None for text that is no base64. White space in it, and a ``data:`` URL around it, are taken."""
    found = _DATA_URL.match(text)
    plain = "".join((text[found.end():] if found else text).split())
    if len(plain) < LEAST or not plain.isascii():
        return None
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_" if {"-", "_"} & {*plain} else None,
                                validate=True)
    except (binascii.Error, ValueError):
        return None


def with_hash(record: bytes, digest: str) -> bytes | None:
    """The content of a record's base64 text whose SHA-256 this is (hex); None where there is none."""
    for text in _texts(record):
        content = decoded(text)
        if content is not None and sha256(content).hexdigest() == digest:
            return content
    return None


def _texts(record: bytes) -> Iterator[str]:
    """Every text of a JSON record; of any other, whatever may be base64."""
    try:
        yield from _strings(msgspec.json.decode(record))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        yield from (one.decode("ascii") for one in _RUN.findall(record))


def _strings(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
