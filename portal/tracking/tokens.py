"""Links to tracking pages: signed, so that nobody can guess one, and good for a limited time."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import NamedTuple

from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

SHORTEST_SECRET = 16
LONGEST = 1_000
"""Characters of a token."""
DAY_SECONDS = 86_400


class Subject(NamedTuple):
    """Whose page it is, and of what. ``kind``: order or shipment; ``key``: its number, or ``CARRIER:REFERENCE``."""

    kind: str
    key: str
    customer: str


class WrongToken(Exception):
    """Nobody made this link."""


class Expired(Exception):
    """The link was good, but no longer is."""


class Tokens:
    """Makes and reads links. ``secret``: of this installation; with another, all links are void."""

    def __init__(self, secret: str, days: int = 60, now: Callable[[], float] = time.time) -> None:
        """``now``: seconds since 1970. Raises ValueError for a secret that is too short."""
        if len(secret) < SHORTEST_SECRET:
            raise ValueError(f"the secret of tracking links needs {SHORTEST_SECRET} characters or more")
        self._seconds, self._now = days * DAY_SECONDS, now

        class Signer(TimestampSigner):
            def get_timestamp(self) -> int:
                return int(now())

        self._serializer: URLSafeTimedSerializer = URLSafeTimedSerializer(
            secret, salt="tracking page", signer=Signer,
            signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
        )

    def made(self, subject: Subject) -> str:
        """The token of a page, good from now on."""
        token = self._serializer.dumps(list(subject))
        return token if isinstance(token, str) else token.decode()

    def read(self, token: str) -> Subject:
        """Whose page it is. Raises WrongToken, Expired."""
        if len(token) > LONGEST:
            raise WrongToken
        try:
            content, signed = self._serializer.loads(token, return_timestamp=True)
            subject = Subject(*map(str, content))
        except (BadData, TypeError) as error:
            raise WrongToken from error
        if self._now() - signed.timestamp() > self._seconds:
            raise Expired
        return subject
