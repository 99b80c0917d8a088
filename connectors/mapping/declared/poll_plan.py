"""``poll:`` of a ``carrier.yaml``: requests to the carrier's tracking API, checked and compiled.

Templates hold ``{tracking_number}``, ``{tracking_numbers}`` (several, joined by ``separator``), ``{items}``
(``item`` once per number, joined by commas) and ``{request_id}``; other braces stand for themselves.
Credentials are never here: they come from SHIPSYNC_POLL_CREDENTIALS.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Literal

from msgspec import Struct, field

from connectors.mapping.declared.yaml_text import Lines
from streams.kernel.vocabulary import TERMINAL, Status
from streams.polling.schedule import Ageing, Schedule
from streams.resilience.circuit_breaker import Breaker
from streams.resilience.token_bucket import Rate

NUMBER, NUMBERS, ITEMS, REQUEST_ID = "{tracking_number}", "{tracking_numbers}", "{items}", "{request_id}"
_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"([1-9]\d*)([smhd])")
_RATE = re.compile(r"([1-9]\d*)/([1-9]\d*)?([smhd])")
_PLACEHOLDERS = re.compile(r"\{([a-z_]+)\}")
_Field = tuple[str, ...]


class Authorisation(Struct, frozen=True, forbid_unknown_fields=True):
    """How requests are authorised. ``header``: the name of the API key's header; ``token_url`` and ``scope``:
    OAuth 2.0 client credentials (RFC 6749, 4.4), the client named in the ``header`` or in the ``body``. ``none`` is for
    an API that the carrier documents, and that asks for no key: ``documented`` is the address of that documentation.
    The endpoint of a carrier's web page is no such API.
    """

    kind: Literal["none", "header", "basic", "oauth2"]
    header: str = ""
    token_url: str = ""
    scope: str = ""
    client_in: Literal["header", "body"] = "header"
    documented: str = ""


class Older(Struct, frozen=True, forbid_unknown_fields=True):
    """``after`` this time without a change, polling intervals are multiplied by ``times``."""

    after: str
    times: float


class NotFound(Struct, frozen=True, forbid_unknown_fields=True):
    """Polling of a number ends after ``answers`` consecutive not-found responses ``over`` at least this time.

    ``every``: the interval until then.
    """

    answers: int = 8
    over: str = "7d"
    every: str = "6h"


class Poll(Struct, frozen=True, forbid_unknown_fields=True):
    """The field ``poll``. ``intervals``: by status; ``otherwise``: the interval of all other statuses.

    ``volatile``: top-level keys of a response that are ignored when it is compared with the last one.
    """

    source: str
    url: str
    authorisation: Authorisation
    rates: list[str]
    otherwise: str
    method: Literal["GET", "POST"] = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    item: str = ""
    separator: str = ","
    batch: int = 1
    concurrency: int = 1
    timeout: str = "20s"
    intervals: dict[Status, str] = field(default_factory=dict)
    older: list[Older] = field(default_factory=list)
    longest: str = "1d"
    not_found: NotFound = NotFound()
    expires: str = "60d"
    volatile: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled ``poll:``. ``timeout_s``: seconds of one request."""

    poll: Poll
    rates: tuple[Rate, ...]
    timeout_s: float
    schedule: Schedule
    breaker: Breaker = dataclass_field(default_factory=Breaker)


def plan_of(poll: Poll, carrier: object, lines: Lines) -> Plan:
    """Check and compile ``poll``. Raises CarrierFileError that names the wrong field and the fix."""
    if not isinstance(carrier, str):
        raise lines.error(("poll",), "an aggregator is not asked number by number: give carrier a name")
    _check_templates(poll, lines)
    check_authorisation(poll.authorisation, lines, ("poll", "authorisation"))
    for name, count, least in (("batch", poll.batch, 1), ("concurrency", poll.concurrency, 1)):
        if count < least:
            raise lines.error(("poll", name), f"{count} is too few; give at least {least}")
    every = {}
    for status, text in poll.intervals.items():
        if status in TERMINAL:
            raise lines.error(("poll", "intervals", status.value), "a shipment at its end is never asked about")
        every[status] = _duration(text, lines, "intervals", status.value)
    schedule = Schedule(
        otherwise=_duration(poll.otherwise, lines, "otherwise"),
        every=every,
        ageing=tuple(_ageing(older, lines, index) for index, older in enumerate(poll.older)),
        longest_ms=_duration(poll.longest, lines, "longest"),
        unknown_ms=_duration(poll.not_found.every, lines, "not_found", "every"),
        dead_answers=poll.not_found.answers,
        dead_after_ms=_duration(poll.not_found.over, lines, "not_found", "over"),
        expires_after_ms=_duration(poll.expires, lines, "expires"),
    )
    rates = tuple(_rate(text, lines, index) for index, text in enumerate(poll.rates))
    return Plan(poll, rates, _duration(poll.timeout, lines, "timeout") / 1000, schedule)


def _check_templates(poll: Poll, lines: Lines) -> None:
    texts = {"url": poll.url, "body": poll.body, "item": poll.item}
    texts |= {f"headers.{name}": text for name, text in poll.headers.items()}
    for name, text in texts.items():
        check_placeholders(text, (NUMBER, NUMBERS, ITEMS, REQUEST_ID), lines, ("poll", *name.split(".", 1)))
    if not poll.url.startswith("https://"):
        raise lines.error(("poll", "url"), "give an https:// address")
    asks = poll.url + poll.body
    if ITEMS in asks and NUMBER not in poll.item:
        raise lines.error(("poll", "item"), f"{ITEMS} needs an item that holds {NUMBER}")
    if ITEMS not in asks and NUMBERS not in asks:
        if NUMBER not in asks:
            raise lines.error(("poll", "url"), f"neither url nor body holds {NUMBER}")
        if poll.batch > 1:
            raise lines.error(("poll", "batch"), f"several numbers need {NUMBERS} or {ITEMS} in url or body")


def check_placeholders(text: str, known: Sequence[str], lines: Lines, where: _Field) -> None:
    """Raise CarrierFileError if a template holds another placeholder than these."""
    names = {one.strip("{}") for one in known}
    unknown = set(_PLACEHOLDERS.findall(text)) - names
    if unknown:
        raise lines.error(where, f"{{{unknown.pop()}}} is not known; there is {', '.join(sorted(names))}")


def check_authorisation(authorisation: Authorisation, lines: Lines, where: _Field) -> None:
    """Raise CarrierFileError if requests could not be authorised as declared."""
    if authorisation.kind == "header" and not authorisation.header:
        raise lines.error((*where, "header"), "name the header that carries the key")
    if authorisation.kind == "none" and not authorisation.documented.startswith("https://"):
        raise lines.error((*where, "documented"), "without a key: give the https:// address of the carrier's document")
    if authorisation.kind == "oauth2" and not authorisation.token_url.startswith("https://"):
        raise lines.error((*where, "token_url"), "give the https:// address that hands out tokens")


def _ageing(older: Older, lines: Lines, index: int) -> Ageing:
    if older.times < 1:
        raise lines.error(("poll", "older", str(index), "times"), "less than 1 would mean more often")
    return Ageing(_duration(older.after, lines, "older", str(index), "after"), older.times)


def _duration(text: str, lines: Lines, *where: str) -> int:
    return duration_ms(text, lines, ("poll", *where))


def duration_ms(text: str, lines: Lines, where: _Field) -> int:
    """The milliseconds of a duration such as ``15m``. Raises CarrierFileError."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise lines.error(where, f"{text!r} is no duration; write 90s, 15m, 2h or 1d")
    return int(found[1]) * _MS[found[2]]


def _rate(text: str, lines: Lines, index: int) -> Rate:
    found = _RATE.fullmatch(text)
    if found is None:
        raise lines.error(("poll", "rates", str(index)), f"{text!r} is no rate; write 2/s, 100/m, 1/5s or 250/d")
    return Rate(int(found[1]), int(found[2] or 1) * _MS[found[3]])
