"""A response of server-sent events that gives up on a reader who takes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from portal import metrics

log = structlog.get_logger(__name__)
SEND_SECONDS = 10.0


class EventStream(StreamingResponse):
    """The events of a generator, which is closed with the response. Where the reader takes nothing for
    ``send_seconds``, the connection is closed."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[bytes, None], send_seconds: float = SEND_SECONDS) -> None:
        super().__init__(events, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._events, self._send_seconds = events, send_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Streams until the generator or the connection ends."""

        async def sending(message: Message) -> None:
            async with asyncio.timeout(self._send_seconds):
                await send(message)

        metrics.STREAMS.inc()
        try:
            await super().__call__(scope, receive, sending)
        except TimeoutError:
            metrics.STREAMS_CUT.inc()
            log.info("a stream was cut: its reader takes nothing", seconds=self._send_seconds)
        except ClientDisconnect:
            pass
        finally:
            metrics.STREAMS.dec()
            await self._events.aclose()
