"""Calls of a Tryton server over JSON-RPC, as its own clients make them.

One call is one transaction of the server. A record's ``_timestamp`` that goes with a call makes the server refuse it
where the record was changed since: a call that is delayed does no harm.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from streams.resilience.retry_after import retry_after

CONNECT_SECONDS = 5.0
LONGEST_WAIT_MS = 24 * 3_600_000
MOST_BYTES = 16 * 1024 * 1024
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_REFUSALS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.REQUEST_ENTITY_TOO_LARGE})


class RpcRefused(Exception):
    """The server will not do it; the text is its own."""


class RpcWarning(RpcRefused):
    """The server asks a person to confirm. ``name``: of the warning."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class RpcConflict(Exception):
    """Somebody else changed the record meanwhile; nothing was done."""


class RpcLost(Exception):
    """There is no answer to use. ``was_sent``: False where nothing can have been done. ``retry_at``: UTC ms before
    which the server asked not to be called."""

    def __init__(self, detail: str, *, was_sent: bool, retry_at: int | None = None) -> None:
        super().__init__(detail)
        self.was_sent, self.retry_at = was_sent, retry_at


class TrytonRpc:
    """A session with one database of one server. Make it on the event loop; close it when done."""

    def __init__(
        self, address: str, database: str, user: str, password: str, *, timeout: float, most_connections: int,
        language: str = "en", transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """``timeout``: seconds for one call. ``transport``: in place of the network."""
        self._path = f"{address.rstrip('/')}/{quote(database, safe='')}/rpc/"
        self._user, self._password, self._language = user, password, language
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(timeout, connect=min(CONNECT_SECONDS, timeout)), transport=transport,
            limits=httpx.Limits(max_connections=most_connections, max_keepalive_connections=most_connections),
            follow_redirects=False,
        )
        self._authorization: str | None = None
        self._context: Mapping[str, Any] = {}

    async def call(
        self, method: str, *params: Any, timestamps: Mapping[str, str] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The result of ``model.NAME.METHOD`` or ``wizard.NAME.METHOD``. ``timestamps``: ``MODEL,ID`` to the
        ``_timestamp`` read of it. ``context``: beside the user's own.

        Raises RpcRefused, RpcWarning, RpcConflict, RpcLost.
        """
        for _ in range(2):
            if self._authorization is None:
                await self._sign_in()
            whole = {**self._context, **(context or {})}
            if timestamps:
                whole["_timestamp"] = dict(timestamps)
            answer = await self._post(method, [*params, whole])
            if answer.status_code not in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
                return _result(answer)
            self._authorization = None
        raise RpcLost(f"the session was refused twice (status {answer.status_code})", was_sent=False)

    async def accept_warning(self, name: str) -> None:
        """Confirm a warning once. Raises as ``call`` does."""
        await self.call("model.res.user.warning.skip", name, False)

    async def close(self) -> None:
        """Disconnect."""
        await self._client.aclose()

    async def _sign_in(self) -> None:
        answer = await self._post(
            "common.db.login", [self._user, {"password": self._password}, self._language], signed=False
        )
        if answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise RpcLost(f"the user {self._user} may not sign in; look at its password", was_sent=False)
        session = _result(answer)
        if not isinstance(session, list) or len(session) < 2:
            raise RpcLost("the answer to signing in makes no sense", was_sent=False)
        number, token = session[0], session[1]
        plain = f"{self._user}:{number}:{token}".encode()
        self._authorization = f"Session {base64.b64encode(plain).decode()}"
        preferences = _result(await self._post("model.res.user.get_preferences", [True, {}]))
        self._context = preferences

    async def _post(self, method: str, params: Sequence[Any], *, signed: bool = True) -> httpx.Response:
        headers = {"authorization": self._authorization} if signed and self._authorization else {}
        try:
            return await self._client.post(
                self._path, json={"id": 0, "method": method, "params": list(params)}, headers=headers
            )
        except httpx.TimeoutException as error:
            raise RpcLost(f"no answer in time ({type(error).__name__})", was_sent=not isinstance(error, _UNSENT)) \
                from error
        except httpx.HTTPError as error:
            said = f"the connection failed ({type(error).__name__})"
            raise RpcLost(said, was_sent=not isinstance(error, _UNSENT)) from error


def _result(answer: httpx.Response) -> Any:
    status = answer.status_code
    if status == HTTPStatus.TOO_MANY_REQUESTS or (
        status == HTTPStatus.SERVICE_UNAVAILABLE and "retry-after" in answer.headers
    ):
        at = retry_after(answer.headers.get("retry-after"), _now_ms(), LONGEST_WAIT_MS)
        raise RpcLost(f"too much at once (status {status})", was_sent=False, retry_at=at or None)
    if status in _REFUSALS:
        raise RpcRefused(f"status {status}: {answer.text[:500]}")
    if status != HTTPStatus.OK:
        raise RpcLost(f"status {status}", was_sent=True)
    try:
        body = answer.json()
    except ValueError as error:
        raise RpcLost("the answer is no JSON", was_sent=True) from error
    if not isinstance(body, dict):
        raise RpcLost("the answer is no JSON object", was_sent=True)
    if (fault := body.get("error")) is not None:
        raise _fault(fault)
    return body.get("result")


def _fault(error: Any) -> Exception:
    """The exception that an error means: a list of the name of Tryton's exception and what it says."""
    match error:
        case ["UserWarning", [str(name), message, *_]]:
            return RpcWarning(name, str(message))
        case ["UserError", [message, description, *_]]:
            return RpcRefused(" ".join(filter(None, map(str, (message, description)))))
        case ["ConcurrencyException", *_]:
            return RpcConflict("the record was changed meanwhile")
        case [str(said), *_]:
            return RpcLost(f"the server failed: {said[:500]}", was_sent=True)
    return RpcLost("the server failed", was_sent=True)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
