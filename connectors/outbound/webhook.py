"""Sends webhooks to customers' endpoints exactly as Standard Webhooks 1.0 says, one request at a time."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import aiohttp
import structlog
from standardwebhooks.webhooks import Webhook

from connectors.outbound.addresses import Blocked, Resolver, checked, public_socket
from connectors.outbound.answers import DETAIL_BYTES, Answer, answer_of, unavailable

log = structlog.get_logger(__name__)
USER_AGENT = "shipsync"
CONTENT_TYPE = "application/json"
MOST_BYTES = 64 * 1024
"""An answer is read so far; a longer one costs its connection."""
IDLE_SECONDS = 4.0
"""Connections are kept for less than the 5 s after which common servers close them: a request that meets the closing
fails."""


def headers_of(message_id: str, at_ms: int, body: str, secrets: Sequence[str]) -> dict[str, str]:
    """The headers of one attempt at ``at_ms`` (UTC), signed with each secret in order. Raises ValueError for what is
    no secret."""
    at = datetime.fromtimestamp(at_ms // 1000, UTC)
    return {
        "content-type": CONTENT_TYPE,
        "user-agent": USER_AGENT,
        "accept-encoding": "identity",
        "webhook-id": message_id,
        "webhook-timestamp": str(at_ms // 1000),
        "webhook-signature": " ".join(Webhook(secret).sign(message_id, at, body) for secret in secrets),
    }


class WebhookClient:
    """Posts messages over connections it keeps. Make it on the event loop; close it when done."""

    def __init__(
        self, timeout: float, clock: Callable[[], int], *, private: bool, resolver: Resolver | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """``timeout``: seconds for a whole request. ``clock``: UTC ms. ``private``: private addresses and plain http
        are allowed. ``trust``: in place of the system's certificates."""
        self._timeout, self._clock, self._private = timeout, clock, private
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=resolver or Resolver(private=private), ssl=trust or True, limit=0, limit_per_host=0,
                keepalive_timeout=IDLE_SECONDS, socket_factory=None if private else public_socket,
            ),
            timeout=aiohttp.ClientTimeout(total=timeout), cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False,
        )

    async def post(self, url: str, message_id: str, at_ms: int, body: str, secrets: Sequence[str]) -> Answer:
        """Make one attempt; its result, whatever happens. ``at_ms``: its time, UTC."""
        try:
            headers = headers_of(message_id, at_ms, body, secrets)
        except ValueError as error:
            return unavailable(failure(error, self._timeout))
        return await self.send(url, body, headers)

    async def send(self, url: str, body: str, headers: Mapping[str, str]) -> Answer:
        """Make one attempt with these headers; its result, whatever happens."""
        try:
            asked = checked(url, private=self._private)
            async with self._session.post(
                asked, data=body.encode(), headers=headers, allow_redirects=False
            ) as response:
                beginning = await _beginning(response)
                return answer_of(response.status, response.headers.get("retry-after"), beginning, self._clock())
        except (Blocked, TimeoutError, aiohttp.ClientError, ValueError) as error:
            return unavailable(failure(error, self._timeout))
        except Exception as error:  # one customer's URL must not end the sending to all
            log.exception("a request failed in a way nobody foresaw", url_host=_host(url))
            return unavailable(f"the request could not be made ({type(error).__name__})")

    async def close(self) -> None:
        """Disconnect."""
        await self._session.close()


def failure(error: Exception, timeout: float) -> str:
    """Why a request failed, in words that name nothing secret. ``timeout``: seconds."""
    match error:
        case Blocked():
            return str(error)
        case aiohttp.InvalidURL():
            return "the URL cannot be used"
        case TimeoutError():
            return f"no answer within {timeout:g} s"
        case aiohttp.ClientConnectorError(os_error=Blocked() as blocked):
            return str(blocked)
        case aiohttp.ClientConnectorDNSError():
            return f"the name {error.host} cannot be resolved"
        case aiohttp.ClientConnectorCertificateError():
            return f"the certificate of {error.host} is not trusted: {_reason(error.certificate_error)}"
        case aiohttp.ClientSSLError():
            return f"no TLS connection to {error.host}: {_reason(error.os_error)}"
        case aiohttp.ClientConnectorError():
            return f"no connection to {error.host}: {error.os_error.strerror or 'it was not taken'}"
        case aiohttp.ClientResponseError():
            return "the answer is no HTTP"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError():
            return "the connection was closed before an answer came"
    return f"the request could not be made ({type(error).__name__})"


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """The first bytes of the body. What follows is read within bounds, so that the connection can be kept; where it
    breaks off or is late, the status counts all the same."""
    kept, left = bytearray(), MOST_BYTES
    try:
        while left > 0 and (piece := await response.content.read(left)):
            left -= len(piece)
            if len(kept) < DETAIL_BYTES:
                kept += piece
    except (TimeoutError, aiohttp.ClientError):
        response.close()
    return bytes(kept[:DETAIL_BYTES])


def _host(url: str) -> str:
    return url.partition("//")[2].partition("/")[0].rpartition("@")[2]


def _reason(error: Exception) -> str:
    """The reason OpenSSL gives, without its numbers."""
    return str(getattr(error, "verify_message", None) or getattr(error, "reason", None) or type(error).__name__)
