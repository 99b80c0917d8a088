"""Addresses of people: what is one, and how it is shown without what is personal or secret."""

from __future__ import annotations

import re
from collections.abc import Collection

from connectors.outbound.addresses import LONGEST_URL, Blocked

LONGEST_ADDRESS, LONGEST_LOCAL = 254, 64
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
HOSTED = frozenset({
    "clickatell", "discord", "gchat", "msgbird", "pover", "sinch", "slack", "tgram", "twilio", "vonage",
})
"""Services whose URLs name no host of their own, so that none can lead into the network ShipSync runs in."""
PRIVATE = frozenset({"json", "jsons"})


class WrongAddress(ValueError):
    """An address that is none; the text says why, and does not repeat it."""


def email(text: str) -> str:
    """The e-mail address, its domain in lower case and, where it has other characters than ASCII's, in their encoded
    form. Raises WrongAddress."""
    local, at, domain = text.strip().rpartition("@")
    if not at or len(local) > LONGEST_LOCAL or _LOCAL.fullmatch(local) is None:
        raise WrongAddress("an e-mail address is due, such as name@example.com")
    try:
        encoded = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise WrongAddress("the e-mail address has a domain that cannot be") from None
    labels = encoded.split(".")
    if len(labels) < 2 or any(_LABEL.fullmatch(one) is None for one in labels) or labels[-1].isdigit():
        raise WrongAddress("the e-mail address has a domain that cannot be")
    found = f"{local}@{encoded}"
    if len(found) > LONGEST_ADDRESS:
        raise WrongAddress(f"an e-mail address has at most {LONGEST_ADDRESS} characters")
    return found


def chat(url: str, *, private: bool) -> str:
    """The URL of a chat or SMS service as `apprise` writes it. ``private``: services on hosts of their own are allowed.
    Raises WrongAddress."""
    schemes: Collection[str] = HOSTED | PRIVATE if private else HOSTED
    scheme, colon, rest = url.strip().partition("://")
    if not colon or not rest or scheme not in schemes:
        raise WrongAddress(f"a URL of one of these services is due: {', '.join(sorted(schemes))}")
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable():
        raise WrongAddress(f"a service's URL has at most {LONGEST_URL} characters of ASCII")
    from connectors.outbound.chat import service

    try:
        service(url.strip(), schemes)
    except Blocked as error:
        raise WrongAddress(str(error)) from None
    return url.strip()


def email_shown(address: str) -> str:
    """``a…e@example.com``."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…{local[-1:] if len(local) > 2 else ''}@{domain}"


def chat_shown(url: str) -> str:
    """``slack://…``: all behind it is secret."""
    return f"{url.partition('://')[0]}://…"
