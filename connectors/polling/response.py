"""What comes back of a request: an answer, or the reason there is none."""

from __future__ import annotations

from typing import NamedTuple

from streams.polling.schedule import Answer


class Heard(NamedTuple):
    """A whole answer, its body as sent but for a transfer or content encoding. ``headers``: names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Unheard(Exception):
    """There is no usable answer. ``not_before``: UTC ms the carrier asked to wait for, 0: it did not."""

    def __init__(self, answer: Answer, detail: str, not_before: int = 0) -> None:
        super().__init__(detail)
        self.answer, self.detail, self.not_before = answer, detail, not_before
