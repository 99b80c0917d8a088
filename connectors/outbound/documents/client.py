"""Gets one document from a carrier's host: public addresses only, of bounded size, and never led on to another host
unless the carrier's declaration names it."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple

import aiohttp
import structlog
from yarl import URL

from connectors.outbound.addresses import Blocked, Resolver, checked, public_socket
from connectors.outbound.answers import DETAIL_BYTES, LONGEST_WAIT_MS, Answer, shown, unavailable
from connectors.outbound.webhook import IDLE_SECONDS, USER_AGENT, failure
from streams.documents.content import MEDIA_TYPES
from streams.kernel.vocabulary import AttemptResult
from streams.resilience.retry_after import retry_after

log = structlog.get_logger(__name__)
MOST_STEPS = 5
"""Redirects that are followed for one document."""
_ACCEPTED = ", ".join([*MEDIA_TYPES, "*/*;q=0.1"])
_LEADS_ON = frozenset({301, 302, 303, 307, 308})
_TROUBLE = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY})


class Got(NamedTuple):
    """The end of one attempt: content, or the answer that says why there is none."""

    content: bytes | None
    answer: Answer


class DocumentClient:
    """Gets documents over connections it keeps. Make it on the event loop; close it when done."""

    def __init__(
        self, timeout: float, most_bytes: int, clock: Callable[[], int], *, private: bool,
        headers: Mapping[str, Mapping[str, str]] | None = None, resolver: Resolver | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """``timeout``: seconds for a whole document. ``clock``: UTC ms. ``private``: private addresses and plain http
        are allowed. ``headers``: what is sent to each host besides, and to no other. ``trust``: in place of the
        system's certificates."""
        self._timeout, self._most, self._clock, self._private = timeout, most_bytes, clock, private
        self._headers = headers or {}
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=resolver or Resolver(private=private), ssl=trust or True, limit=0, limit_per_host=0,
                keepalive_timeout=IDLE_SECONDS, socket_factory=None if private else public_socket,
            ),
            timeout=aiohttp.ClientTimeout(total=timeout), cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False,
        )

    async def get(self, link: str, hosts: frozenset[str] = frozenset()) -> Got:
        """Get what the link leads to. ``hosts``: others than the link's own that it may lead on to."""
        try:
            url = checked(link, private=self._private)
            allowed = hosts | {url.host or ""}
            for _ in range(MOST_STEPS):
                got = await self._step(url)
                if isinstance(got, Got):
                    return got
                url = checked(str(got), private=self._private)
                if url.host not in allowed:
                    return _refused(f"it leads on to {url.host}, which the carrier's document_hosts do not name")
            return _refused(f"it leads on more than {MOST_STEPS} times")
        except Blocked as error:
            return _refused(str(error))
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, Blocked):
                return _refused(str(error.os_error))
            return Got(None, unavailable(failure(error, self._timeout)))
        except (TimeoutError, aiohttp.ClientError, ValueError) as error:
            return Got(None, unavailable(failure(error, self._timeout)))
        except Exception as error:  # one link must not end the fetching of all
            log.exception("a document could not be fetched in a way nobody foresaw")
            return Got(None, unavailable(f"the request could not be made ({type(error).__name__})"))

    async def close(self) -> None:
        """Disconnect."""
        await self._session.close()

    async def _step(self, url: URL) -> Got | URL:
        """The document, or where the host leads on to."""
        headers = {
            "user-agent": USER_AGENT, "accept": _ACCEPTED, "accept-encoding": "identity",
            **self._headers.get(url.host or "", {}),
        }
        async with self._session.get(url, headers=headers, allow_redirects=False) as response:
            place = response.headers.get("location")
            if response.status in _LEADS_ON and place:
                return url.join(URL(place))
            if response.status != HTTPStatus.OK:
                beginning = await response.content.read(DETAIL_BYTES)
                retry = response.headers.get("retry-after")
                reason = response.reason or ""
                return Got(None, answer_without(response.status, reason, retry, beginning, self._clock()))
            content = await self._whole(response)
            if content is None:
                return _refused(f"it has more than {self._most} bytes", response.status)
            return Got(content, Answer(AttemptResult.ACCEPTED, "", response.status))

    async def _whole(self, response: aiohttp.ClientResponse) -> bytes | None:
        """The body; None for one that is too large, of which the rest is not read."""
        found = bytearray()
        async for piece in response.content.iter_chunked(64 * 1024):
            found += piece
            if len(found) > self._most:
                response.close()
                return None
        return bytes(found)


def answer_without(status: int, reason: str, retry: str | None, beginning: bytes, now_ms: int) -> Answer:
    """The meaning of an answer without a document, in the host's own words. ``retry``: its Retry-After."""
    words = shown(beginning[:DETAIL_BYTES].decode("utf-8", "replace"))
    detail = shown(f"{status} {reason}: {words}" if words else f"{status} {reason}")
    not_before = retry_after(retry, now_ms, LONGEST_WAIT_MS) or None
    if status == HTTPStatus.TOO_MANY_REQUESTS or (status == HTTPStatus.SERVICE_UNAVAILABLE and not_before):
        return Answer(AttemptResult.LIMITED, detail, status, not_before)
    is_about_it = 400 <= status < 500 and status not in _TROUBLE
    return Answer(AttemptResult.REFUSED if is_about_it else AttemptResult.UNAVAILABLE, detail, status)


def _refused(detail: str, status: int | None = None) -> Got:
    return Got(None, Answer(AttemptResult.REFUSED, shown(detail), status))
