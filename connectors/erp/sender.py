"""Makes the attempt that a request asks for: looks the posting up, posts it where it is not in effect, and says how
that ended.

A look-up tells the truth only where no call is under way. So attempts of one queue are made one after the other: after
a restart an attempt and the one after it may be asked for together. And a request that did not come at once, which a
sender that died may have begun, waits until the ERP must be done with that one's last call.

A notice is made in the same way, under its message's id. Notices take half of an ERP's room at most, all of it where
that is one: they slow postings down, and do not stop them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from functools import partial
from typing import NamedTuple
from weakref import WeakValueDictionary

import msgspec
import structlog

from connectors.erp import metrics
from connectors.erp.port import Answer, Erp, Ignored, Posted, Refused, Unknown
from streams.contracts.outbound import OutboundAttempt, OutboundRequest
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import AttemptResult
from streams.postings.messages import erp_of, is_of_notices, notice_of, posting_of

log = structlog.get_logger(__name__)
MOST_DETAIL = 2_048
FRESH_MS = 5_000
"""A request that was asked for this shortly ago was begun by nobody else."""


def now_ms() -> int:
    """UTC milliseconds."""
    return time.time_ns() // 1_000_000


class Target(NamedTuple):
    """One ERP as it is sent to. ``settle_ms``: how long the ERP may still work on a request whose answer was lost;
    ``erp`` None: shadow mode, in which nothing is sent."""

    erp: Erp | None
    at_once: int
    settle_ms: int


class PostingSender:
    """Makes attempts. ``targets``: by the ERP's name. ``clock``: UTC ms; ``sleep``: for seconds. Make it on the event
    loop."""

    def __init__(
        self, targets: Mapping[str, Target], clock: Callable[[], int] = now_ms,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._targets, self._clock, self._sleep = targets, clock, sleep
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        self._room = {name: asyncio.Semaphore(one.at_once) for name, one in targets.items()}
        self._for_notices = {name: asyncio.Semaphore(max(1, one.at_once // 2)) for name, one in targets.items()}

    async def attempt(self, request: OutboundRequest) -> OutboundAttempt:
        """The attempt as made; nothing that the ERP does raises."""
        came = self._clock()
        turn = self._turns.setdefault((request.destination, request.queue), asyncio.Lock())
        async with turn:
            return await self._attempt(request, came)

    async def _attempt(self, request: OutboundRequest, came: int) -> OutboundAttempt:
        name, is_notice = erp_of(request.destination), is_of_notices(request.destination)
        target = self._targets.get(name)
        if target is None:
            started = self._clock()
            answer: Answer | None = Unknown(f"no ERP {name} is declared", was_sent=False)
        else:
            if target.erp is not None and came - request.issued_at > FRESH_MS:
                await self._sleep(max(0, came + target.settle_ms - self._clock()) / 1000)
            async with self._for_notices[name] if is_notice else nullcontext(), self._room[name]:
                started = self._clock()
                answer = await self._answer(name, target, request)
        ended = max(started, self._clock())
        result, detail, retry_at = _told(answer, ended, 0 if target is None else target.settle_ms)
        (metrics.NOTICES if is_notice else metrics.ATTEMPTS).labels(name, result.value).inc()
        metrics.SECONDS.labels(name).observe((ended - started) / 1000)
        return OutboundAttempt(
            request.message_id, request.destination, request.owner, request.queue, request.attempt, result,
            detail, started, ended, None, retry_at,
        )

    async def _answer(self, name: str, target: Target, request: OutboundRequest) -> Answer | None:
        """The ERP's answer; None in shadow mode. Each attempt begins with a look-up: also a first one may have been
        made before, by a sender that died."""
        if target.erp is None:
            return None
        what = "notice" if is_of_notices(request.destination) else "posting"
        try:
            found, made = _calls(target.erp, request)
        except msgspec.MsgspecError as error:
            return Refused(f"the request holds no {what}: {error}")
        try:
            there = await found()
            if there is not None:
                metrics.FOUND.labels(name).inc()
                return there
            return await made()
        except Transient as error:
            return Unknown(str(error), was_sent=False)
        except Exception as error:  # one posting must not end the sending of all
            log.exception(f"a {what} failed in a way nobody foresaw", message_id=request.message_id, erp=name)
            return Unknown(f"the {what} could not be made ({type(error).__name__})")


def _calls(
    erp: Erp, request: OutboundRequest
) -> tuple[Callable[[], Awaitable[Posted | None]], Callable[[], Awaitable[Answer]]]:
    """The look-up and the writing of what a request carries. Raises msgspec.MsgspecError where it carries neither a
    posting nor a notice."""
    if is_of_notices(request.destination):
        notice = notice_of(request.body)
        return partial(erp.told, notice, request.message_id), partial(erp.tell, notice, request.message_id)
    posting = posting_of(request.body)
    return partial(erp.find, posting), partial(erp.post, posting)


def _told(answer: Answer | None, now: int, settle_ms: int) -> tuple[AttemptResult, str, int | None]:
    """Result, words and when to try again. Where an answer was lost, not before the ERP must be done with it."""
    match answer:
        case None:
            return AttemptResult.DRY_RUN, "shadow mode: not sent", None
        case Posted(ref):
            return AttemptResult.ACCEPTED, _shown(ref), None
        case Ignored(reason):
            return AttemptResult.IGNORED, _shown(f"this ERP is not told: {reason}"), None
        case Refused(reason):
            return AttemptResult.REFUSED, _shown(reason), None
        case Unknown(detail, retry_at, was_sent):
            if retry_at is not None:
                return AttemptResult.LIMITED, _shown(detail), retry_at
            return AttemptResult.UNAVAILABLE, _shown(detail), now + settle_ms if was_sent else None


def _shown(text: str) -> str:
    """The text in one line, without control characters and marks of direction."""
    plain = "".join(one if one.isprintable() else " " for one in text[:MOST_DETAIL])
    return " ".join(plain.split())
