"""Sends text to chat and SMS services by `apprise`, which is loaded when the first message is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING

import structlog

from connectors.outbound.addresses import Blocked
from connectors.outbound.answers import Answer, unavailable
from streams.kernel.outbound_vocabulary import AttemptResult

if TYPE_CHECKING:
    from apprise import Apprise

log = structlog.get_logger(__name__)


def service(url: str, schemes: Collection[str]) -> Apprise:
    """The service behind a URL. Raises Blocked for one that is not allowed, or that no service understands."""
    if url.partition("://")[0] not in schemes:
        raise Blocked("messages to this service are not allowed")
    from apprise import Apprise

    found = Apprise()
    if not found.add(url):
        raise Blocked("the service's URL cannot be read")
    return found


class ChatClient:
    """Sends one message at a time to one service."""

    def __init__(self, timeout: float, schemes: Collection[str]) -> None:
        """``timeout``: seconds for one message. ``schemes``: of the services that are allowed."""
        self._timeout, self._schemes = timeout, schemes

    async def send(self, url: str, title: str, text: str) -> Answer:
        """Make one attempt; its result, whatever happens."""
        try:
            found = await asyncio.to_thread(service, url, self._schemes)
            async with asyncio.timeout(self._timeout):
                taken = await found.async_notify(body=text, title=title, body_format="text")
        except Blocked as error:
            return Answer(AttemptResult.REFUSED, str(error))
        except TimeoutError:
            return unavailable(f"no answer within {self._timeout:g} s")
        except Exception as error:  # one recipient's service must not end the sending to all
            log.exception("a chat service failed in a way nobody foresaw", service=url.partition("://")[0])
            return unavailable(f"the message could not be sent ({type(error).__name__})")
        return Answer(AttemptResult.ACCEPTED, "") if taken else unavailable("the service did not take the message")
