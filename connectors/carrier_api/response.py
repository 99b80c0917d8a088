"""The result of a request to a carrier: a response, or the reason there is none."""

from __future__ import annotations

from typing import NamedTuple

from streams.polling.schedule import Answer


class Response(NamedTuple):
    """A complete HTTP response. ``headers``: names in lower case. ``body``: decoded from any transfer and content
    encoding, otherwise as sent."""

    status: int
    headers: dict[str, str]
    body: bytes


class NoResponse(Exception):
    """There is no usable response. ``not_before``: UTC ms the carrier asked to wait for, 0 where it did not."""

    def __init__(self, answer: Answer, detail: str, not_before: int = 0) -> None:
        super().__init__(detail)
        self.answer, self.detail, self.not_before = answer, detail, not_before


class TooLarge(NoResponse):
    """The answer is larger than is taken."""
