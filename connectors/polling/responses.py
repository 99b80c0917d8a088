"""Assesses a carrier's HTTP response: its result for each number asked for, and whether intake should get it.

The carrier's own adapter reads the response, as intake will, so that both see the same errors. A successful response
the adapter cannot read is still forwarded: intake turns it into a dead letter that says why. A 404 or 400 whose body is
not the carrier's (a proxy's error page, a moved address) counts against no number.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from connectors.carrier_api.response import Response
from streams.contracts.ids import normalise_tracking_number
from streams.contracts.model import CarrierEvent, Source
from streams.intake.adapter import Adapter, Parsed, RawContext
from streams.kernel.carrier_errors import CarrierError, ErrorKind
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason, Status
from streams.polling.schedule import UNKNOWN_TO_CARRIER, Answer, reported
from streams.resilience.retry_after import retry_after

log = logging.getLogger(__name__)

ANSWER_OF = {
    ErrorKind.NOT_FOUND: Answer.NOT_FOUND,
    ErrorKind.UNAUTHORISED: Answer.UNAUTHORISED,
    ErrorKind.RATE_LIMITED: Answer.RATE_LIMITED,
    ErrorKind.INVALID_REQUEST: Answer.REFUSED,
    ErrorKind.UNAVAILABLE: Answer.UNAVAILABLE,
}
NOT_MODIFIED = 304
_BY_STATUS = {
    400: Answer.REFUSED, 401: Answer.UNAUTHORISED, 403: Answer.UNAUTHORISED, 404: Answer.NOT_FOUND,
    410: Answer.NOT_FOUND, 422: Answer.REFUSED, 429: Answer.RATE_LIMITED,
}
_WITHOUT_A_LOOK = frozenset({401, 403, 429})
_ABOUT_THE_FEED = frozenset({Answer.UNAUTHORISED, Answer.RATE_LIMITED, Answer.UNAVAILABLE})
_NOWHERE = Source("", "", "", 0, 0, 0, "")


class NumberResult(NamedTuple):
    """The result for one number. ``digest``: of its part of the response; None without one."""

    answer: Answer
    digest: str | None = None
    status: Status | None = None
    detail: str = ""


class Assessment(NamedTuple):
    """Holds the results of a response, number by number.

    ``not_before``: UTC ms the carrier asked to wait for, 0 where it did not. ``worth_passing_on``: the response is
    about numbers, not about the carrier's own trouble. ``alone``: the carrier refused the numbers together; each
    must be asked for alone.
    """

    results: dict[str, NumberResult]
    not_before: int = 0
    worth_passing_on: bool = False
    alone: bool = False


def assess(
    response: Response, numbers: Sequence[str], adapter: Adapter, now_ms: int, volatile: Iterable[str] = ()
) -> Assessment:
    """The results for these numbers. A bad response is a result, not an error."""
    not_before = retry_after(response.headers.get("retry-after"), now_ms)
    status = response.status
    if status == NOT_MODIFIED:
        return Assessment(dict.fromkeys(numbers, NumberResult(Answer.UNCHANGED)), not_before)
    success = 200 <= status < 300
    if status in _WITHOUT_A_LOOK or not (success or status in _BY_STATUS):
        answer = _BY_STATUS.get(status, Answer.UNAVAILABLE)
        return Assessment(dict.fromkeys(numbers, NumberResult(answer, detail=f"HTTP {status}")), not_before)
    if success and not response.body.strip():
        empty = NumberResult(Answer.UNAVAILABLE, detail="an empty answer")
        return Assessment(dict.fromkeys(numbers, empty), not_before)
    parsed = parse(response.body, adapter, now_ms, numbers[0] if len(numbers) == 1 else "")
    return _read(response, numbers, parsed, not_before, volatile)


def parse(body: bytes, adapter: Adapter, now_ms: int, asked_number: str = "") -> Parsed:
    """The events and errors intake will find in the body; a fault of the adapter becomes a reject."""
    context = RawContext(adapter.feed, "poll", "", 0, 0, now_ms, "", asked_number)
    try:
        return adapter.parse(body, context)
    except Reject as reject:
        return Parsed([], [reject])
    except Exception as error:
        # As at intake: an adapter's fault on one response must not stop polling. Intake makes it a dead letter.
        log.warning("%s: the adapter fails on an answer: %s: %s", adapter.feed, type(error).__name__, error)
        return Parsed([], [Reject(RejectReason.INTERNAL, f"{type(error).__name__}: {error}")])


def digest(body: bytes, volatile: Iterable[str] = ()) -> str:
    """BLAKE2b-128 of the body; of JSON without its ``volatile`` keys, where there are such."""
    keys = set(volatile)
    if keys:
        try:
            message = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            message = None
        if isinstance(message, dict) and keys & message.keys():
            body = msgspec.json.encode({key: value for key, value in message.items() if key not in keys})
    return blake2b(body, digest_size=16).hexdigest()


def _read(
    response: Response, numbers: Sequence[str], parsed: Parsed, not_before: int, volatile: Iterable[str]
) -> Assessment:
    single = len(numbers) == 1
    otherwise = Answer.NEWS if response.status < 300 else _BY_STATUS[response.status]
    if response.status >= 300 and response.body.strip() and not _recognised(parsed):
        otherwise = Answer.UNAVAILABLE
    events, errors = _by_number(parsed.events), _errors_by_number(parsed.errors)
    whole = digest(response.body, volatile)
    results: dict[str, NumberResult] = {}
    for number in numbers:
        mine = events.get(number) or (parsed.events if single else [])
        error = errors.get(number) or errors.get("")
        if mine:
            results[number] = NumberResult(Answer.NEWS, whole if single else _digest_of(mine), reported(mine))
        elif error is not None:
            answer = ANSWER_OF.get(error.kind, otherwise)
            results[number] = NumberResult(answer, whole if single else _digest_of_error(error), None, error.detail)
        elif single or not (events or errors):
            results[number] = NumberResult(otherwise, whole, None, _why(response, parsed))
        else:
            results[number] = NumberResult(Answer.UNCHANGED, detail="the answer does not mention it")
    nameless = not single and not events and not (errors.keys() - {""})
    if nameless and all(one.answer in UNKNOWN_TO_CARRIER for one in results.values()):
        doubted = {number: one._replace(answer=Answer.UNAVAILABLE) for number, one in results.items()}
        return Assessment(doubted, not_before, alone=True)
    return Assessment(results, not_before, _worth_passing_on(response, parsed, results))


def _worth_passing_on(response: Response, parsed: Parsed, results: Mapping[str, NumberResult]) -> bool:
    if all(one.answer in _ABOUT_THE_FEED for one in results.values()):
        return False
    return response.status < 300 or _recognised(parsed)


def _recognised(parsed: Parsed) -> bool:
    """Whether the adapter found anything of the carrier's in it."""
    known = any(reject.reason is RejectReason.CARRIER_ERROR for reject in parsed.rejects)
    return bool(parsed.errors or parsed.events or known)


def _by_number(events: Iterable[CarrierEvent]) -> dict[str, list[CarrierEvent]]:
    found: dict[str, list[CarrierEvent]] = {}
    for event in events:
        found.setdefault(event.tracking_number, []).append(event)
    return found


def _errors_by_number(errors: Iterable[CarrierError]) -> dict[str, CarrierError]:
    found: dict[str, CarrierError] = {}
    for error in errors:
        found.setdefault(normalise_tracking_number(error.tracking_number), error)
    return found


def _digest_of(events: Iterable[CarrierEvent]) -> str:
    plain = [replace(event, received_at=0, source=_NOWHERE, flags=[]) for event in events]
    return blake2b(msgspec.msgpack.encode(plain), digest_size=16).hexdigest()


def _digest_of_error(error: CarrierError) -> str:
    return blake2b(f"{error.kind.value}:{error.detail}".encode(), digest_size=16).hexdigest()


def _why(response: Response, parsed: Parsed) -> str:
    detail = parsed.rejects[0].detail if parsed.rejects else ""
    return detail if response.status < 300 else f"HTTP {response.status}: {detail}".rstrip(": ")
