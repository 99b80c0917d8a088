"""Who asks, and what of it they may see: the dependency in front of every endpoint of the API."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from fastapi import Request

from connectors.gateway.peers import peer
from connectors.gateway.problems import Problem
from portal.api.answers import set_header
from portal.api.clients import SCOPES, Client, bearer
from portal.api.services import PortalServices
from portal.views.freshness import RETRY_AFTER
from portal.words.times import rfc_3339

READ_AT = "ShipSync-View-Read-At"
SECURITY = {"key": {"type": "http", "scheme": "bearer", "description": "A key of `shipsync keys new`"}}


class Access:
    """Lets in who has a key of one of the ``scopes``; ``partial``: also to a view that is not whole yet."""

    def __init__(self, services: PortalServices, scopes: Collection[str] = SCOPES, *, partial: bool = False) -> None:
        self._services, self.scopes, self._partial = services, frozenset(scopes), partial
        self._turn = services.turn

    def __call__(self, request: Request) -> Client:
        """The client. Raises Problem: 401 without a valid key, 403 out of its scopes, 429 for too many requests, 503
        where the view cannot be read."""
        lost, whole = None, False
        try:
            standing = self._services.view.standing()
            whole = standing.whole
            if standing.read_at:
                set_header(request, READ_AT, rfc_3339(standing.read_at))
        except Problem as problem:
            lost = problem
        client = self._proven(request)
        self._within_rate(request, client)
        if not self.scopes & client.scopes:
            raise Problem(403, "out_of_scope", f"the key needs the scope {' or '.join(sorted(self.scopes))}")
        if lost is not None:
            raise lost
        if not whole and not self._partial:
            raise Problem(
                503, "view_incomplete", "the view is being built: /v1/status tells how much is still to be read",
                headers={"Retry-After": str(RETRY_AFTER)},
            )
        return client

    def _proven(self, request: Request) -> Client:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        found = bearer(token.strip(), self._services.clients) if scheme.lower() == "bearer" else None
        if found is not None and not found.is_over(self._services.now()):
            return found
        with self._turn:
            verdict = self._services.unproven.take(peer(request))
        if not verdict.allowed:
            raise Problem(
                429, "too_many_unproven",
                f"more than {self._services.unproven.quota} requests a minute of this address came without a valid key",
                headers={"Retry-After": str(verdict.retry_after)},
            )
        code, detail = ("unauthorised", "a known key is due: Authorization: Bearer <key>")
        if found is not None:
            code, detail = ("expired_key", "the key has expired: shipsync keys new makes another")
        raise Problem(401, code, detail, headers={"WWW-Authenticate": 'Bearer realm="shipsync"'})

    def _within_rate(self, request: Request, client: Client) -> None:
        with self._turn:
            verdict = self._services.rates.take(client.name)
        for name, value in verdict.headers.items():
            set_header(request, name, value)
        if not verdict.allowed:
            raise Problem(
                429, "rate_limited", f"{self._services.rates.quota} requests a minute are answered",
                headers={"Retry-After": str(verdict.retry_after)},
            )


def secured() -> dict[str, Any]:
    """The part of an operation's description that says a key is due."""
    return {"security": [{"key": []}]}
