"""Our credentials for one ERP: checked against what its declaration needs, and kept out of every text."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from connectors.erp.rest.declaration import Authentication, Bearer, KeyHeader, OAuth1, OAuth2

SHORTEST_SECRET = 4
"""Characters; a shorter value is no secret, and would be found in half of all words."""
_NAMES = re.compile(r"\{\{\s*(\w+)")


class CredentialsError(ValueError):
    """Credentials or values do not fit the declaration; the text names fields, and never shows one."""


class Credentials(Struct, frozen=True):
    """Credentials by name, as the declaration's kind of authentication calls them."""

    fields: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Credentials({', '.join(sorted(self.fields))}: hidden)"

    def __getitem__(self, name: str) -> str:
        return self.fields[name]

    def hidden_in(self, text: str) -> str:
        """The text with every credential in it struck out."""
        for value in self.fields.values():
            if len(value) >= SHORTEST_SECRET:
                text = text.replace(value, "[hidden]")
        return text


def needed(how: Authentication) -> tuple[str, ...]:
    """The names of the credentials that a kind of authentication needs."""
    match how:
        case Bearer():
            return ("key",)
        case KeyHeader():
            return tuple(dict.fromkeys(_NAMES.findall(how.value)))
        case OAuth2():
            return "client_id", "client_secret"
        case OAuth1():
            return "consumer_key", "consumer_secret", "token_id", "token_secret"
    return "username", "password"


def checked(how: Authentication, given: Mapping[str, str]) -> Credentials:
    """The credentials. Raises CredentialsError where some are missing, or others are there."""
    names = needed(how)
    missing = [name for name in names if not given.get(name)]
    if missing:
        raise CredentialsError(f"credentials for {how.kind} lack {' and '.join(missing)}; due are {', '.join(names)}")
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise CredentialsError(f"credentials for {how.kind} have {unknown[0]}, which it does not use; due are "
                               f"{', '.join(names)}")
    if any(any(ord(one) < ord(" ") for one in value) for value in given.values()):
        raise CredentialsError("a credential holds a line end or another control character")
    return Credentials(dict(given))
