"""Around every request: its id, its line in the log, its metrics, and a problem document where our own code fails."""

from __future__ import annotations

import re
import time
import uuid

import structlog
from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.gateway.metrics import METERS, Meters
from connectors.gateway.problems import Problem, answer

log = structlog.get_logger(__name__)
HEADER = "X-Request-ID"
_SAFE = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
NO_ROUTE = "none"
COUNTED = "/v1/"


class Traced:
    """The middleware. A request id that came with the request is kept, one is given where none came."""

    def __init__(self, app: ASGIApp, meters: Meters = METERS) -> None:
        self._app, self._meters = app, meters
        self._in_hand = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope["request_id"] = _request_id(scope)
        started, status = time.monotonic(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (HEADER.lower().encode(), request_id.encode())]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            counted = scope["path"].startswith(COUNTED)
            self._in_hand += counted
            self._meters.in_hand.set(self._in_hand)
            try:
                await self._app(scope, receive, sending)
            except Exception as error:
                log.exception("a request failed in our own code", path=scope["path"], trouble=repr(error))
                if status:
                    raise
                problem = Problem(500, "internal", "a fault of ours; nothing was taken")
                await answer(Request(scope), problem)(scope, receive, sending)
            finally:
                self._in_hand -= counted
                self._meters.in_hand.set(self._in_hand)
                _note(self._meters, scope, status, time.monotonic() - started)


def _note(meters: Meters, scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", NO_ROUTE)
    meters.requests.labels(route, str(status)).inc()
    meters.seconds.labels(route).observe(seconds)
    if "problem_code" in scope:
        meters.refusals.labels(scope["problem_code"]).inc()
    log.info(
        "answered", method=scope["method"], path=scope["path"], status=status, seconds=round(seconds, 4),
        problem=scope.get("problem_code"),
    )


def _request_id(scope: Scope) -> str:
    name = HEADER.lower().encode()
    given = next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
    return given if _SAFE.fullmatch(given) else uuid.uuid4().hex
