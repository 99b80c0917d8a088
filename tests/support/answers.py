"""HTTP answers as they come over the network, for httpx's MockTransport: in parts, not read yet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

import httpx


class Parts(httpx.AsyncByteStream):
    """A body in these parts; ``sent`` counts those that were read."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = parts
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            self.sent += 1
            yield part


def streamed(answer: httpx.Response) -> httpx.Response:
    """The same answer, with its body still to be read."""
    return httpx.Response(answer.status_code, headers=answer.headers, stream=Parts([answer.content]))
