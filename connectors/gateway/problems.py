"""Errors as RFC 9457 problem details, with a stable code for programs and a text for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:shipsync:problem:"
SCHEMA = {
    "type": "object",
    "description": "Problem details (RFC 9457)",
    "required": ["type", "title", "status", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string", "description": "Stable name of the problem"},
        "request_id": {"type": "string"},
        "nearest": {
            "type": "array", "items": {"type": "string"}, "description": "Keys that come near the one not found",
        },
        "phase": {"type": "string", "description": "Where the delivery stands that the decision is about"},
        "possible": {"type": "array", "items": {"type": "string"}, "description": "Decisions its phase allows"},
        "allowed_in": {"type": "array", "items": {"type": "string"}, "description": "Phases that allow the decision"},
        "age_seconds": {"type": "number", "description": "Age of the view that cannot be read"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "item": {"type": "integer", "description": "Place in the list sent, from 0"},
                    "pointer": {"type": "string", "description": "JSON pointer to the field"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


class Problem(Exception):
    """A response other than 2xx. ``code`` is stable; ``detail`` is for a person, and holds no secret. ``members``:
    further members of the document."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, Any]] = (), members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status, self.code, self.detail = status, code, detail
        self.headers = dict(headers or {})
        self.errors = list(errors)
        self.members = dict(members or {})


def unavailable(detail: str, retry_after: int, code: str = "unavailable") -> Problem:
    """Returns a 503: nothing was accepted, and the same request may succeed in ``retry_after`` seconds."""
    return Problem(503, code, detail, headers={"Retry-After": str(retry_after)})


def invalid(faults: Sequence[Mapping[str, Any]]) -> Problem:
    """Fields are wrong, nothing was taken. Each fault has a ``pointer`` and a ``detail``; the first 100 are told."""
    return Problem(422, "invalid", f"{len(faults)} fields are wrong, nothing was taken", errors=faults[:100])


def body(problem: Problem, instance: str, request_id: str) -> dict[str, Any]:
    """The members of the problem document."""
    told: dict[str, Any] = {
        "type": f"{TYPE}{problem.code.replace('_', '-')}", "title": HTTPStatus(problem.status).phrase,
        "status": problem.status, "detail": problem.detail, "instance": instance, "code": problem.code,
        "request_id": request_id,
    }
    return told | problem.members | ({"errors": problem.errors} if problem.errors else {})


def answer(request: Request, problem: Problem) -> JSONResponse:
    """The problem as a response."""
    request.scope["problem_code"] = problem.code
    request_id = str(request.scope.get("request_id", ""))
    return JSONResponse(
        body(problem, request.url.path, request_id), problem.status, headers=problem.headers, media_type=MEDIA_TYPE
    )


def install(app: FastAPI) -> None:
    """Make every error of the app a problem document, the framework's own included."""

    @app.exception_handler(Problem)
    async def of_ours(request: Request, error: Problem) -> JSONResponse:
        return answer(request, error)

    @app.exception_handler(HTTPException)
    async def of_the_framework(request: Request, error: HTTPException) -> JSONResponse:
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "refused")
        headers = {"Allow": ", ".join(_methods(request))} if error.status_code == 405 else error.headers
        return answer(request, Problem(error.status_code, code, str(error.detail), headers=headers))

    @app.exception_handler(RequestValidationError)
    async def of_validation(request: Request, error: RequestValidationError) -> JSONResponse:
        faults = [{"pointer": pointer(one["loc"]), "detail": one["msg"]} for one in error.errors()]
        return answer(request, Problem(422, "invalid", "the request breaks its contract", errors=faults))


def _methods(request: Request) -> list[str]:
    """Lists the methods this path takes; the framework names the methods of one of its routes alone."""
    at_path = (one for one in request.app.routes if one.matches(request.scope)[0] is not Match.NONE)
    return sorted({method for one in at_path for method in getattr(one, "methods", None) or ()})


def pointer(path: Sequence[str | int]) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
