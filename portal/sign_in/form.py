"""Signing in: the form, its answer, and who a request is from."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import NoReturn
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from config.sign_on import HERE
from connectors.gateway.peers import peer
from connectors.gateway.rates import Rates
from portal.pages.forms import from_here, read
from portal.pages.templates import NoPage, PlainErrors, html
from portal.sign_in.openid import FLOW_COOKIE, SignOn
from portal.sign_in.people import LOCAL, SESSION_SECONDS, Person, Sessions, Users

COOKIE = "shipsync-session"
HOME = "/tower"
TRIES = 20
"""Passwords a minute that one address may try; each costs tens of milliseconds and 64 MiB for as long."""


@dataclass
class SignIn:
    """``only_here``: this process listens on this machine's own address alone; ``sign_on``: how people sign in by a
    provider, too."""

    users: Users
    sessions: Sessions
    only_here: bool
    sign_on: SignOn | None = None
    tries: Rates = field(default_factory=lambda: Rates(TRIES))

    def person(self, request: Request) -> Person:
        """Who asks. Raises HTTPException: 303 to the form for somebody who has not signed in, 403 where nobody can."""
        if not self.users and self.sign_on is None:
            # A page elsewhere could make the browser of this machine ask under a name of its own.
            if self.only_here and urlsplit(f"//{request.headers.get('host', '')}").hostname in HERE:
                return LOCAL
            raise HTTPException(403, "nobody may look yet: name people in SHIPSYNC_PORTAL_USERS (shipsync users new)")
        cookie = request.cookies.get(COOKIE)
        name = self.sessions.name(cookie)
        person = None if name is None else self.users.person(name)
        if person is None and self.sign_on is not None:
            person = self.sessions.signed_on(cookie)
        if person is None:
            _to_the_form(request)
        return person

    def router(self) -> APIRouter:
        """``/login`` and ``/logout``."""
        api = APIRouter(route_class=PlainErrors, include_in_schema=False)

        @api.get("/login")
        def form(back: str = HOME) -> Response:
            return self._form(_ours(back))

        @api.post("/login")
        async def sign_in(request: Request) -> Response:
            from_here(request)
            given = await read(request)
            if not self.tries.take(peer(request)).allowed:
                raise NoPage("Too many tries", "Wait a minute, then try again.", status=429)
            name, back = given.get("name", ""), _ours(given.get("back", HOME))
            person = await asyncio.to_thread(self.users.sign_in, name, given.get("password", ""))
            if person is None:
                return self._form(back, wrong=True, name=name)
            return _signed_in(request, self.sessions.begin(person), back)

        @api.get("/login/oidc")
        async def begin(request: Request, back: str = HOME) -> Response:
            return await self._provider(request).begin(request, _ours(back))

        @api.get("/login/oidc/answer")
        async def answered(request: Request) -> Response:
            person, back = await self._provider(request).answered(request)
            if self.users.person(person.name) is not None:
                raise NoPage(
                    "This name is taken", "A local user has the name that the provider calls you by. An administrator"
                    " can rename one of the two.", status=403,
                )
            answer = _signed_in(request, self.sessions.begin_signed_on(person), _ours(back))
            answer.delete_cookie(FLOW_COOKIE, path="/login")
            return answer

        @api.post("/logout")
        async def sign_out(request: Request) -> Response:
            from_here(request)
            answer = RedirectResponse("/login", 303)
            answer.delete_cookie(COOKIE)
            return answer

        return api

    def _form(self, back: str, *, wrong: bool = False, name: str = "") -> Response:
        return html("login.html", {
            "back": back, "wrong": wrong, "name": name, "local": bool(self.users),
            "provider": None if self.sign_on is None else self.sign_on.label,
        }, 401 if wrong else 200)

    def _provider(self, request: Request) -> SignOn:
        if self.sign_on is None:
            raise NoPage("There is no provider to sign in by", "SHIPSYNC_OIDC_ISSUER names one.")
        if not self.tries.take(peer(request)).allowed:
            raise NoPage("Too many tries", "Wait a minute, then try again.", status=429)
        return self.sign_on


def _signed_in(request: Request, cookie: str, back: str) -> Response:
    answer = RedirectResponse(back, 303)
    answer.set_cookie(
        COOKIE, cookie, SESSION_SECONDS, httponly=True, samesite="lax", secure=request.url.scheme == "https"
    )
    return answer


def _to_the_form(request: Request) -> NoReturn:
    if request.method != "GET":
        raise HTTPException(401, "the session is over: sign in again")
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    raise HTTPException(303, "sign in first", headers={"Location": f"/login?back={quote(back, safe='')}"})


def _ours(back: str) -> str:
    """An address below the tower; the work list for any other."""
    return back if back == HOME or back.startswith((f"{HOME}/", f"{HOME}?")) else HOME
