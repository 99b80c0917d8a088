"""An HTTP answer judged: what it says about each number asked for, and whether it is worth passing on.

The carrier's own adapter reads it, as intake will: what intake would take for the carrier's error counts as
one here too. A body the adapter cannot read is passed on all the same where HTTP calls it a success: intake
says what is wrong with it. A 404 or 400 in words that are not the carrier's (a page of some proxy, an address
that moved) is held against no number.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from connectors.polling.response import Heard
from connectors.polling.retry_after import retry_after
from streams.contracts.ids import normalise_tracking_number
from streams.contracts.model import CarrierEvent, Source
from streams.intake.adapter import Adapter, Parsed, RawContext
from streams.kernel.carrier_errors import CarrierError, ErrorKind
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason, Status
from streams.polling.schedule import UNKNOWN_TO_CARRIER, Answer, reported

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


class Said(NamedTuple):
    """What is said of one number. ``digest`` is of what was said, None where nothing was."""

    answer: Answer
    digest: str | None = None
    status: Status | None = None
    detail: str = ""


class Judged(NamedTuple):
    """An answer, number by number. ``alone``: the question was refused for several numbers together, and
    each is to be asked for alone; ``worth_passing_on``: it speaks of numbers, not of the carrier's troubles.
    """

    said: dict[str, Said]
    not_before: int = 0
    worth_passing_on: bool = False
    alone: bool = False


def judge(
    heard: Heard, numbers: Sequence[str], adapter: Adapter, now_ms: int, volatile: Iterable[str] = ()
) -> Judged:
    """What the answer says. Never raises for a bad one."""
    not_before = retry_after(heard.headers.get("retry-after"), now_ms)
    status = heard.status
    if status == NOT_MODIFIED:
        return Judged(dict.fromkeys(numbers, Said(Answer.UNCHANGED)), not_before)
    success = 200 <= status < 300
    if status in _WITHOUT_A_LOOK or not (success or status in _BY_STATUS):
        answer = _BY_STATUS.get(status, Answer.UNAVAILABLE)
        return Judged(dict.fromkeys(numbers, Said(answer, detail=f"HTTP {status}")), not_before)
    if success and not heard.body.strip():
        return Judged(dict.fromkeys(numbers, Said(Answer.UNAVAILABLE, detail="an empty answer")), not_before)
    parsed = parse(heard.body, adapter, now_ms, numbers[0] if len(numbers) == 1 else "")
    return _read(heard, numbers, parsed, not_before, volatile)


def parse(body: bytes, adapter: Adapter, now_ms: int, asked_number: str = "") -> Parsed:
    """What intake will make of it, as far as it can be told here."""
    context = RawContext(adapter.feed, "poll", "", 0, 0, now_ms, "", asked_number)
    try:
        return adapter.parse(body, context)
    except Reject as reject:
        return Parsed([], [reject])
    except Exception as error:
        # As at intake: an adapter's fault on one answer must not end the asking; intake dead-letters it whole.
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
    heard: Heard, numbers: Sequence[str], parsed: Parsed, not_before: int, volatile: Iterable[str]
) -> Judged:
    single = len(numbers) == 1
    otherwise = Answer.NEWS if heard.status < 300 else _BY_STATUS[heard.status]
    if heard.status >= 300 and heard.body.strip() and not _recognised(parsed):
        otherwise = Answer.UNAVAILABLE
    events, errors = _by_number(parsed.events), _errors_by_number(parsed.errors)
    whole = digest(heard.body, volatile)
    said = {}
    for number in numbers:
        mine = events.get(number) or (parsed.events if single else [])
        error = errors.get(number) or errors.get("")
        if mine:
            said[number] = Said(Answer.NEWS, whole if single else _digest_of(mine), reported(mine))
        elif error is not None:
            answer = ANSWER_OF.get(error.kind, otherwise)
            said[number] = Said(answer, whole if single else _digest_of_error(error), None, error.detail)
        elif single or not (events or errors):
            said[number] = Said(otherwise, whole, None, _why(heard, parsed))
        else:
            said[number] = Said(Answer.UNCHANGED, detail="nothing was said of it")
    nameless = not single and not events and not (errors.keys() - {""})
    if nameless and all(one.answer in UNKNOWN_TO_CARRIER for one in said.values()):
        doubted = {number: one._replace(answer=Answer.UNAVAILABLE) for number, one in said.items()}
        return Judged(doubted, not_before, alone=True)
    return Judged(said, not_before, _worth_passing_on(heard, parsed, said))


def _worth_passing_on(heard: Heard, parsed: Parsed, said: Mapping[str, Said]) -> bool:
    if all(one.answer in _ABOUT_THE_FEED for one in said.values()):
        return False
    return heard.status < 300 or _recognised(parsed)


def _recognised(parsed: Parsed) -> bool:
    """Whether it is in the carrier's own words."""
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


def _why(heard: Heard, parsed: Parsed) -> str:
    detail = parsed.rejects[0].detail if parsed.rejects else ""
    return detail if heard.status < 300 else f"HTTP {heard.status}: {detail}".rstrip(": ")
