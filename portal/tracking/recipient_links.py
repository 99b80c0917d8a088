"""Links by which recipients confirm that they want to be told, and end it: signed, so that nobody can do it for
another. They hold for as long as the installation's secret does; what they are about is forgotten earlier."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from hashlib import blake2b
from typing import NamedTuple

from itsdangerous import BadData, URLSafeSerializer

from portal.tracking.tokens import LONGEST, WrongToken
from streams.kernel.outbound_vocabulary import RecipientChannel


class Purpose(StrEnum):
    """Purpose of a link: with the other's it is no link."""

    CONFIRM = "confirm"
    STOP = "stop"


class Who(NamedTuple):
    """A recipient. ``order``: empty for one that the customer set for all its orders."""

    customer: str
    order: str
    recipient_id: str
    channel: RecipientChannel


class RecipientLinks:
    """Makes and reads these links. ``secret``: of this installation, as of tracking links."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def made(self, purpose: Purpose, who: Who) -> str:
        """The token of a link."""
        token = self._serializer(purpose).dumps(list(who))
        return token if isinstance(token, str) else token.decode()

    def read(self, purpose: Purpose, token: str) -> Who:
        """Who it is about. Raises WrongToken."""
        if len(token) > LONGEST:
            raise WrongToken
        try:
            customer, order, recipient_id, channel = self._serializer(purpose).loads(token)
            return Who(str(customer), str(order), str(recipient_id), RecipientChannel(channel))
        except (BadData, TypeError, ValueError) as error:
            raise WrongToken from error

    def id_of(self, customer: str, order: str, address: str) -> str:
        """The id of whoever asks to be told of an order: the same each time, and telling nothing of the address."""
        key = hashlib.sha256(f"recipient\0{self._secret}".encode()).digest()
        parts = "\x1f".join((customer, order, address.lower()))
        return "opt_" + blake2b(parts.encode("utf-8", "surrogatepass"), digest_size=16, key=key).hexdigest()

    def _serializer(self, purpose: Purpose) -> URLSafeSerializer:
        return URLSafeSerializer(
            self._secret, salt=f"recipient {purpose.value}",
            signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
        )
