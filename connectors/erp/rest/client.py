"""HTTP to one ERP, within limits: of size, of time, of where it may go. Nothing it says shows a credential."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import httpx
from msgspec import Struct

from connectors.erp.rest.credentials import Credentials
from connectors.erp.rest.declaration import Declaration
from streams.resilience.retry_after import retry_after

CONNECT_SECONDS = 5.0
MOST_CONNECTIONS = 64
"""As many as postings under way may be."""
IDLE_SECONDS = 4.0
USER_AGENT = "shipsync"
DETAIL = 500
"""Characters that are told of an answer."""


class Reply(Struct, frozen=True):
    """An answer, read whole. ``headers``: names in lower case. ``json``: None where the body is none; ``text``: the
    beginning of the body. ``is_json``: whether there was JSON, or no body at all."""

    status: int
    headers: Mapping[str, str]
    json: Any
    text: str
    is_json: bool
    retry_at: int | None = None

    def context(self) -> dict[str, Any]:
        """The names that expressions on an answer have."""
        return {"status": self.status, "headers": dict(self.headers), "json": self.json}


class NoReply(Exception):
    """There is no answer to use. ``was_sent``: False where the ERP cannot have acted on the request. ``retry_at``: UTC
    ms before which it asked not to be called."""

    def __init__(self, detail: str, *, was_sent: bool, retry_at: int | None = None) -> None:
        super().__init__(detail)
        self.detail, self.was_sent, self.retry_at = detail, was_sent, retry_at


class Sent(NamedTuple):
    """One request, not yet authorised."""

    method: str
    path: str
    query: Mapping[str, Any]
    headers: Mapping[str, str]
    body: Any = None
    form: Mapping[str, str] | None = None


class BadAddress(ValueError):
    """An address that requests may not go to; the text says why."""


def checked_address(address: str, *, plain_http: bool) -> str:
    """The address without a slash behind it. Raises BadAddress for one that is no https URL, or holds a user."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadAddress("the address has to be a URL, like https://erp.example.com")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise BadAddress("the address holds a user, a query or a fragment; it is scheme, host and, if any, path")
    if parts.scheme == "http" and not plain_http and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise BadAddress("the address begins with http://, so credentials would be sent in the clear; use https://")
    return address.rstrip("/")


class ErpClient:
    """Connections to one ERP. Close it when done."""

    def __init__(
        self, declared: Declaration, address: str, credentials: Credentials, clock: Callable[[], int],
        timeout: float | None = None, trust: ssl.SSLContext | None = None,
    ) -> None:
        """``clock``: UTC ms. ``timeout``: seconds, in place of the declared. ``trust``: in place of the system's
        certificates."""
        self.address, self._declared, self._credentials, self._clock = address, declared, credentials, clock
        self._timeout = timeout = timeout or declared.timeout_s
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(timeout, connect=min(CONNECT_SECONDS, timeout)),
            limits=httpx.Limits(
                max_connections=MOST_CONNECTIONS, max_keepalive_connections=MOST_CONNECTIONS,
                keepalive_expiry=IDLE_SECONDS,
            ),
            verify=trust or ssl.create_default_context(), follow_redirects=False, trust_env=False,
        )

    def url(self, path: str) -> str:
        """The whole URL of a path. One that is whole already has to be at the ERP. Raises NoReply."""
        if path.startswith("/"):
            return self.address + path
        there, here = urlsplit(path), urlsplit(self.address)
        if (there.scheme, there.netloc) != (here.scheme, here.netloc):
            raise NoReply(f"the ERP names an address at another host ({there.netloc[:100]})", was_sent=False)
        return path

    async def send(self, sent: Sent, url: str, *, keeps_cookies: bool) -> Reply:
        """The answer to one request. Raises NoReply where there is none, or none of a size to be read."""
        if not keeps_cookies:
            self._client.cookies.clear()
        headers = {"Accept": "application/json", "User-Agent": USER_AGENT, **sent.headers}
        headers["Accept-Encoding"] = "identity"
        content = None
        if sent.body is not None:
            headers.setdefault("Content-Type", "application/json")
            content = json.dumps(sent.body, ensure_ascii=False, allow_nan=False).encode()
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._client.stream(
                    sent.method, url, headers=headers, content=content, data=sent.form
                ) as response,
            ):
                body = await self._body(response)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise self._no_reply(error) from error
        return self._reply(response, body)

    async def close(self) -> None:
        """Disconnect."""
        await self._client.aclose()

    def told(self, text: str) -> str:
        """The text in one line, short, without a credential."""
        plain = "".join(one if one.isprintable() else " " for one in text[: 8 * DETAIL])
        return " ".join(self._credentials.hidden_in(plain).split())[:DETAIL]

    async def _body(self, response: httpx.Response) -> bytes:
        if response.headers.get("content-encoding", "identity").strip().lower() not in ("identity", ""):
            raise NoReply("an answer in an encoding that was not asked for", was_sent=True)
        parts, size = [], 0
        async for part in response.aiter_raw():
            size += len(part)
            if size > self._declared.largest_bytes:
                raise NoReply(f"an answer of more than {self._declared.largest_bytes} bytes", was_sent=True)
            parts.append(part)
        return b"".join(parts)

    def _reply(self, response: httpx.Response, body: bytes) -> Reply:
        found, is_json = None, not body.strip()
        if not is_json:
            try:
                found, is_json = json.loads(body, parse_constant=_refuse), True
            except (ValueError, RecursionError):
                is_json = False
        headers = {name.lower(): value for name, value in response.headers.items()}
        wait = retry_after(headers.get("retry-after"), self._clock()) or None
        text = self.told(body[: 8 * DETAIL].decode("utf-8", "replace"))
        return Reply(response.status_code, headers, found, text, is_json, wait)

    def _no_reply(self, error: Exception) -> NoReply:
        host = urlsplit(self.address).netloc
        match error:
            case httpx.ConnectTimeout() | httpx.PoolTimeout():
                return NoReply(f"no connection to {host} in time", was_sent=False)
            case httpx.ConnectError():
                why = self.told(str(error)) or "it was not taken"
                return NoReply(f"no connection to {host}: {why}", was_sent=False)
            case httpx.UnsupportedProtocol() | httpx.InvalidURL():
                return NoReply("the URL cannot be used", was_sent=False)
            case httpx.TimeoutException() | TimeoutError():
                return NoReply(f"no whole answer within {self._timeout:g} s", was_sent=True)
            case httpx.RemoteProtocolError():
                return NoReply("the connection was closed before a whole answer came", was_sent=True)
        return NoReply(f"the request broke off ({type(error).__name__})", was_sent=True)


def with_query(url: str, query: Mapping[str, Any]) -> str:
    """The URL with these parameters; an object or a list goes as JSON, None is left out."""
    told = [(name, _parameter(value)) for name, value in query.items() if value is not None]
    if not told:
        return url
    return url + ("&" if "?" in url else "?") + urlencode(told, quote_via=quote, safe="")


def _parameter(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
