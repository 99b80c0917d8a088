"""Authorisation of requests; OAuth 2.0 tokens are fetched when needed, kept until shortly before they expire."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable

import httpx
import msgspec
from msgspec import Struct

from connectors.carrier_api.bodies import body_of
from connectors.carrier_api.credentials import Credentials
from connectors.carrier_api.requests import at
from connectors.carrier_api.response import NoResponse
from connectors.formats.prepared_types import prepared
from connectors.mapping.declared.poll_plan import Authorisation
from streams.polling.schedule import Answer
from streams.resilience.retry_after import retry_after

MARGIN_MS = 60_000
SHORTEST_MS = 5_000
DEFAULT_SECONDS = 300
LARGEST_TOKEN = 64 * 1024
"""Bytes of the token endpoint's answer."""
_REFUSED = frozenset({400, 401, 403})


class _Token(Struct):
    access_token: str
    expires_in: int = DEFAULT_SECONDS


class Authoriser:
    """The headers that authorise requests of one carrier."""

    def __init__(
        self, how: Authorisation, timeout_s: float, credentials: Credentials, client: httpx.AsyncClient,
        clock: Callable[[], int],
    ) -> None:
        self._how, self._timeout = how, timeout_s
        self._credentials, self._client, self._clock = credentials, client, clock
        self._token, self._good_until = "", 0
        self._one_at_a_time = asyncio.Lock()

    @property
    def renewable(self) -> bool:
        """Whether asking anew with another token may help."""
        return self._how.kind == "oauth2"

    async def headers(self) -> dict[str, str]:
        """The headers that authorise a request. Raises NoResponse if no token can be had."""
        if self._how.kind == "header":
            return {self._how.header: self._credentials.key}
        if self._how.kind == "basic":
            return {"Authorization": _basic(self._credentials.username, self._credentials.password)}
        if self._how.kind == "oauth2":
            return {"Authorization": f"Bearer {await self._current()}"}
        return {}

    def refused(self, sent: dict[str, str]) -> None:
        """Forget the token, if it is still the one that was refused."""
        if sent.get("Authorization") == f"Bearer {self._token}":
            self._good_until = 0

    async def _current(self) -> str:
        async with self._one_at_a_time:
            if self._clock() >= self._good_until:
                token = await self._fetch()
                self._token = token.access_token
                lasts = max(SHORTEST_MS, token.expires_in * 1000 - MARGIN_MS)
                self._good_until = self._clock() + lasts
            return self._token

    async def _fetch(self) -> _Token:
        how, ours = self._how, self._credentials
        form = {"grant_type": "client_credentials"}
        if how.scope:
            form["scope"] = how.scope
        headers = {"Accept": "application/json"}
        if how.client_in == "body":
            form |= {"client_id": ours.client_id, "client_secret": ours.client_secret}
        else:
            headers["Authorization"] = _basic(ours.client_id, ours.client_secret)
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._client.stream(
                    "POST", at(how.token_url, ours.base_url), data=form, headers=headers, timeout=self._timeout
                ) as answer,
            ):
                body = await body_of(answer, LARGEST_TOKEN) if answer.is_success else b""
        except NoResponse as error:
            raise NoResponse(error.answer, f"no token: {error.detail}") from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise NoResponse(Answer.UNAVAILABLE, f"no token: {type(error).__name__}") from error
        return self._read(answer, body)

    def _read(self, answer: httpx.Response, body: bytes) -> _Token:
        told = f"the token endpoint answers {answer.status_code}"
        if answer.status_code in _REFUSED:
            raise NoResponse(Answer.UNAUTHORISED, told)
        not_before = retry_after(answer.headers.get("retry-after"), self._clock())
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise NoResponse(Answer.RATE_LIMITED, told, not_before)
        if not answer.is_success:
            raise NoResponse(Answer.UNAVAILABLE, told, not_before)
        try:
            return msgspec.json.decode(body, type=prepared(_Token), strict=False)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise NoResponse(Answer.UNAVAILABLE, "the token endpoint's answer is no token") from error


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
