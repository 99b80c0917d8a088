"""Links to documents: signed, so that nobody can guess one, and good for a limited time."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import NamedTuple

from itsdangerous import BadData, URLSafeSerializer

PATH = "/d/"
LONGEST = 1_000
"""Characters of a token."""


class Linked(NamedTuple):
    """The document a link leads to."""

    document_id: str
    carrier: str
    tracking_number: str


class WrongLink(Exception):
    """Nobody made this link."""


class LinkExpired(Exception):
    """The link was good, but no longer is."""


class DocumentLinks:
    """Makes and reads links. ``secret``: of this installation, which signs tracking links as well; with another, all
    links are void."""

    def __init__(self, secret: str, now: Callable[[], float] = time.time) -> None:
        """``now``: seconds since 1970."""
        self._now = now
        self._serializer = URLSafeSerializer(
            secret, salt="document", signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"}
        )

    def to(self, document: Linked, seconds: float) -> str:
        """A link to a document, within the portal, good for so long from now."""
        token = self._serializer.dumps([*document, int(self._now() + seconds)])
        return f"{PATH}{token if isinstance(token, str) else token.decode()}"

    def read(self, token: str) -> Linked:
        """The document a link's token names. Raises WrongLink, LinkExpired."""
        if len(token) > LONGEST:
            raise WrongLink
        try:
            *named, until = self._serializer.loads(token)
            found, expires = Linked(*map(str, named)), int(until)
        except (BadData, TypeError, ValueError) as error:
            raise WrongLink from error
        if self._now() > expires:
            raise LinkExpired
        return found
