"""Requests to one ERP, signed in: tokens are fetched when needed and renewed once where the ERP refuses them."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import msgspec

from connectors.erp.rest.client import ErpClient, NoReply, Reply, Sent, with_query
from connectors.erp.rest.compiled import Compiled
from connectors.erp.rest.credentials import Credentials
from connectors.erp.rest.declaration import Basic, Bearer, KeyHeader, OAuth1, OAuth2
from connectors.erp.rest.oauth1 import authorization
from connectors.formats.prepared_types import prepared

MARGIN_MS, SHORTEST_MS, DEFAULT_SECONDS = 60_000, 5_000, 300
READING = frozenset({"GET", "HEAD", "OPTIONS"})
OK, UNAUTHORISED, FORBIDDEN = 200, 401, 403


class _Token(msgspec.Struct):
    access_token: str
    expires_in: int = DEFAULT_SECONDS


class Session:
    """Signs requests in as the declaration says."""

    def __init__(
        self, compiled: Compiled, client: ErpClient, credentials: Credentials, values: dict[str, str],
        clock: Callable[[], int],
    ) -> None:
        """``clock``: UTC ms."""
        self._how, self._csrf = compiled.declared.authentication, compiled.declared.csrf
        self._client, self._credentials, self._clock = client, credentials, clock
        self._text = "" if compiled.sign_on is None else compiled.sign_on.value(
            dict(credentials.fields) if isinstance(self._how, KeyHeader) else {"values": values})
        self._headers = {name: str(value) for name, value in compiled.headers.value({"values": values}).items()}
        self._token, self._good_until, self._csrf_token = "", 0, ""
        self._one_at_a_time = asyncio.Lock()

    async def send(self, sent: Sent) -> Reply:
        """The answer. Raises NoReply, with ``was_sent`` False where no token could be had."""
        reply = await self._once(sent)
        if reply.status == UNAUTHORISED and isinstance(self._how, OAuth2):
            self._good_until = 0
            return await self._once(sent)
        if self._is_csrf(reply):
            self._csrf_token = ""
            return await self._once(sent)
        return reply

    def _is_csrf(self, reply: Reply) -> bool:
        return (
            self._csrf is not None and reply.status == FORBIDDEN
            and reply.headers.get(self._csrf.header.lower(), "").lower() == "required"
        )

    async def _once(self, sent: Sent) -> Reply:
        url = with_query(self._client.url(sent.path), sent.query)
        headers = {**self._headers, **sent.headers}
        if self._csrf is not None and sent.method not in READING:
            headers[self._csrf.header] = await self._csrf_of()
        headers |= await self._authorised(sent.method, url)
        return await self._client.send(sent._replace(headers=headers), url, keeps_cookies=self._csrf is not None)

    async def _authorised(self, method: str, url: str) -> dict[str, str]:
        ours = self._credentials
        match self._how:
            case Bearer(scheme=scheme):
                return {"Authorization": f"{scheme} {ours['key']}"}
            case Basic():
                return {"Authorization": _basic(ours["username"], ours["password"])}
            case KeyHeader(header=header):
                return {header: self._text}
            case OAuth2():
                return {"Authorization": f"Bearer {await self._current()}"}
            case OAuth1():
                return {"Authorization": authorization(
                    method, url, (ours["consumer_key"], ours["consumer_secret"]),
                    (ours["token_id"], ours["token_secret"]), self._text,
                )}

    async def _csrf_of(self) -> str:
        """The token that writing calls carry. Raises NoReply where none is given."""
        async with self._one_at_a_time:
            if not self._csrf_token:
                assert self._csrf is not None
                url = self._client.url(self._csrf.fetch)
                headers = {**self._headers, self._csrf.header: "Fetch", **await self._authorised("GET", url)}
                reply = await self._client.send(Sent("GET", "", {}, headers), url, keeps_cookies=True)
                if reply.status in (UNAUTHORISED, FORBIDDEN):
                    raise NoReply(f"the ERP does not accept our credentials ({reply.status}): {reply.text}",
                                  was_sent=False, retry_at=reply.retry_at)
                self._csrf_token = reply.headers.get(self._csrf.header.lower(), "")
                if not self._csrf_token:
                    raise NoReply(f"the ERP gave no {self._csrf.header} ({reply.status})", was_sent=False,
                                  retry_at=reply.retry_at)
            return self._csrf_token

    async def _current(self) -> str:
        async with self._one_at_a_time:
            if self._clock() >= self._good_until:
                token = await self._fetched()
                self._token = token.access_token
                self._good_until = self._clock() + max(SHORTEST_MS, token.expires_in * 1000 - MARGIN_MS)
            return self._token

    async def _fetched(self) -> _Token:
        how, ours = self._how, self._credentials
        assert isinstance(how, OAuth2)
        form: dict[str, str] = {"grant_type": "client_credentials"} | ({"scope": how.scope} if how.scope else {})
        headers: dict[str, str] = {}
        if how.client_in == "body":
            form |= {"client_id": ours["client_id"], "client_secret": ours["client_secret"]}
        else:
            headers["Authorization"] = _basic(ours["client_id"], ours["client_secret"])
        url = self._client.address + self._text if self._text.startswith("/") else self._text
        try:
            reply = await self._client.send(Sent("POST", "", {}, headers, None, form), url, keeps_cookies=False)
        except NoReply as error:
            raise NoReply(f"no token: {error.detail}", was_sent=False, retry_at=error.retry_at) from error
        if reply.status != OK:
            raise NoReply(f"no token: the token endpoint answers {reply.status}: {_words(reply)}", was_sent=False,
                          retry_at=reply.retry_at)
        try:
            return msgspec.convert(reply.json, prepared(_Token), strict=False)
        except msgspec.ValidationError as error:
            raise NoReply("no token: the token endpoint's answer is none", was_sent=False) from error


def _words(reply: Reply) -> Any:
    found = reply.json if isinstance(reply.json, dict) else {}
    return found.get("error_description") or found.get("error") or reply.text


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
