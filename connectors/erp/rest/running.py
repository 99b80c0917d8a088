"""Makes the calls of a rule one after the other, and reads from each answer whether to go on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.erp.port import Answer, Refused, Unknown
from connectors.erp.rest.client import NoReply, Reply, Sent
from connectors.erp.rest.compiled import Compiled, Request
from connectors.erp.rest.expressions import Context, NoValue, Placeholder
from connectors.erp.rest.session import Session

LIMITED, UNAVAILABLE = 429, 503
NOT_DONE = frozenset(range(300, 500)) - {408}
"""Statuses that say that the request was not carried out."""


class Ended(Exception):
    """The calls ended before the last: ``answer`` says how."""

    def __init__(self, answer: Refused | Unknown) -> None:
        super().__init__(answer)
        self.answer: Answer = answer


Answers = dict[str, dict[str, Any]]


async def made(
    requests: Sequence[Request], context: Context, session: Session, compiled: Compiled, before: Answers | None = None
) -> Answers:
    """The answers by call, of those that were made, after those from ``before``. Raises Ended."""
    answers: Answers = dict(before or {})
    was_sent = False
    for request in requests:
        seen = {**context, "calls": answers}
        where = request.call.name
        try:
            if request.unless is not None and request.unless.holds(seen):
                continue
            sent = sent_of(request, seen, compiled)
        except NoValue as error:
            raise Ended(Unknown(f"the call {where} cannot be made: {error}", None, was_sent)) from error
        try:
            reply = await session.send(sent)
        except NoReply as error:
            sent_now = was_sent or (request.call.writes and error.was_sent)
            raise Ended(Unknown(f"{where}: {error.detail}", error.retry_at, sent_now)) from error
        ended = _ended(request, reply, {**seen, **reply.context()}, compiled, was_sent)
        if ended is not None:
            raise Ended(ended)
        was_sent = was_sent or request.call.writes
        answers[where] = reply.context()
    return answers


async def followed(
    request: Request, url: str, context: Context, session: Session, compiled: Compiled
) -> Answers:
    """The answer to a reading call at an address that the ERP gave, by the call's name. Raises Ended, NoReply."""
    seen = {**context, "calls": {}}
    try:
        asked = sent_of(request, seen, compiled)
    except NoValue as error:
        raise Ended(Unknown(f"the call {request.call.name} cannot be made: {error}")) from error
    reply = await session.send(asked._replace(path=url, query={}))
    ended = _ended(request, reply, {**seen, **reply.context()}, compiled, False)
    if ended is not None:
        raise Ended(ended)
    return {request.call.name: reply.context()}


def sent_of(request: Request, seen: Context, compiled: Compiled) -> Sent:
    """The request with its values. Raises NoValue."""
    headers = {name: _header(value) for name, value in request.headers.value(seen).items()}
    if request.if_match is not None:
        etag = request.if_match.value(seen)
        if not isinstance(etag, str | Placeholder) or not etag:
            raise NoValue(f"{request.if_match.source.strip()}: there is no ETag")
        headers["If-Match"] = _header(etag)
    key = compiled.declared.idempotency
    if key is not None and compiled.key is not None and request.call.writes and "posting" in seen:
        headers[key.header] = _header(compiled.key.value(seen))
    body = None if request.body is None else request.body.value(seen)
    return Sent(request.call.method, request.path.value(seen), request.query.value(seen), headers, body)


def _header(value: Any) -> str:
    text = str(value)
    if not text.isprintable() or not text.isascii():
        raise NoValue(f"{text[:60]!r} cannot stand in a header")
    return text


def _ended(
    request: Request, reply: Reply, seen: Context, compiled: Compiled, was_sent: bool
) -> Refused | Unknown | None:
    """Why this is the end; None to go on. ``was_sent``: whether an earlier call may have changed something."""
    where, status, writes = request.call.name, reply.status, request.call.writes
    try:
        if compiled.unauthorised.holds(seen):
            words = _reason(request, seen) or reply.text
            detail = f"the ERP does not accept our credentials, or they may not do this ({where}, {status}): {words}"
            return Unknown(detail, reply.retry_at, was_sent)
        if status in (LIMITED, UNAVAILABLE):
            detail = f"{where}: the ERP asks to wait ({status}): {reply.text}"
            return Unknown(detail, reply.retry_at, was_sent or (writes and status != LIMITED))
        if not reply.is_json:
            detail = f"{where}: the answer ({status}) is no JSON: {reply.text}"
            return Unknown(detail, reply.retry_at, was_sent or writes)
        if request.success.holds(seen):
            for holds, otherwise in request.checks:
                if not holds.holds(seen):
                    return Refused(otherwise.value(seen))
            return None
        if request.refused.holds(seen):
            return Refused(_reason(request, seen) or reply.text or f"{where}: {status}")
    except NoValue as error:
        return Unknown(f"{where}: the answer ({status}) cannot be read: {error}", reply.retry_at, was_sent or writes)
    detail = f"{where}: the ERP answers {status}: {_reason(request, seen) or reply.text}"
    return Unknown(detail, reply.retry_at, was_sent or (writes and status not in NOT_DONE))


def _reason(request: Request, seen: Context) -> str:
    try:
        found = request.reason.value(seen)
    except NoValue:
        return ""
    return found if isinstance(found, str) else "" if found is None else str(found)
