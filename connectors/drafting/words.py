"""Heuristics on names and texts of a sample: time formats and milestones."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import NamedTuple

from connectors.mapping.declared.words_law import folded
from connectors.mapping.values.delivery_words import Words, words_in
from connectors.mapping.values.times import (
    Unreadable,
    clock_ms,
    day_ms,
    epoch_moment,
    is_digits,
    patterned_moment,
    stamp_moment,
)
from streams.kernel.vocabulary import ExceptionType, Milestone

PATTERNS = (
    "%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M",
    "%d %b %Y %H:%M", "%d-%b-%Y %H:%M", "%d-%b-%Y %H:%M:%S", "%b %d, %Y %I:%M %p", "%B %d, %Y %I:%M %p",
    "%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M", "%d/%m/%Y %I:%M %p", "%d/%m/%Y %I:%M:%S %p",
)
DATES = ("%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%B %d, %Y", "%b %d, %Y", "%d %b %Y", "%d-%b-%Y", "%d-%m-%Y", "%Y/%m/%d")
_COMPACT = {14: "%Y%m%d%H%M%S", 12: "%Y%m%d%H%M"}
ISO, EPOCH = "iso", "epoch"

# The first match applies, so that "not delivered" is listed before "delivered".
_MEANINGS: tuple[tuple[str, Milestone], ...] = (
    (r"out[ -]for[ -]delivery|on[ -]board for delivery|out on a delivery|way to deliver|with (the )?(courier|driver)|"
     r"(van|vehicle|truck) for delivery|in zustellung|zustellfahrzeug|en cours de livraison",
     Milestone.OUT_FOR_DELIVERY),
    (r"attempt(?!ed to pick|ed to collect|ing to correct)|deliver\w* (failed|failure)|failed (to )?deliver|"
     r"missed you|refused|not delivered|undeliver|unsuccessful|could not be delivered|no one (was )?home|"
     r"nicht zugestellt", Milestone.DELIVERY_ATTEMPTED),
    (r"(ready|available|awaiting|held) (for|to be) (pick|collect)|abholbereit|zur abholung",
     Milestone.AVAILABLE_FOR_PICKUP),
    (r"(?<!be )returned to (the )?(sender|shipper)|return (is )?complete", Milestone.RETURNED),
    (r"return(ing)?\b|back to (the )?(sender|shipper)|rücksendung", Milestone.RETURNING),
    (r"deliver(ed|y (complete|successful))|zugestellt|ausgeliefert|livré|entregad|"
     r"left (with|in (a )?safe|at (the )?(front|door|porch|reception))", Milestone.DELIVERED),
    (r"customs.*(cleared|released|clearance (is )?(complete|finish))|(cleared|released)\b.*customs|verzollt",
     Milestone.CUSTOMS_RELEASED),
    (r"customs.*(held|hold|delay|inspect)|held .*customs", Milestone.CUSTOMS_HELD),
    (r"customs|zoll", Milestone.CUSTOMS_STARTED),
    (r"(?<!not )(?<!be )(picked[ -]?up|pick[ -]?up (is )?(complete|success|done|scan)|collected|abgeholt)",
     Milestone.PICKED_UP),
    (r"not yet (been )?(hand|receiv|pick|collect)|noch nicht|label|pre[ -]?advi[cs]e|pre[ -]?transit|"
     r"information (received|sent)|electronic|data (received|uploaded)|"
     r"manifest|announced|pick[ -]?up (scheduled|requested|booked|arranged)|angekündigt|"
     r"(order|shipment) (created|ready|received|registered|booked)",
     Milestone.PRE_ADVISED),
    (r"cancel", Milestone.BOOKING_CANCELLED),
    (r"\blost\b", Milestone.LOST),
    (r"destroy|disposed", Milestone.DESTROYED),
    (r"handed (over|to)|transferred|tendered|übergeben", Milestone.HANDED_OVER),
    (r"depart|left (the )?(\w+ ){0,2}(facility|depot|hub|warehouse|terminal|centre|center|origin|port|country)|"
     r"verlassen|dispatched from", Milestone.DEPARTED_FACILITY),
    (r"arriv|received at|eingetroffen|processed (at|through)|scanned at", Milestone.ARRIVED_FACILITY),
    (r"transit|on (the|its) way(?! to (the )?(pick|collect))|en route|unterwegs|forwarded", Milestone.IN_TRANSIT),
)
_TROUBLES: tuple[tuple[str, ExceptionType], ...] = (
    (r"damage|beschädigt|endommag", ExceptionType.DAMAGE), (r"refus|verweigert", ExceptionType.REFUSAL),
    (r"(incorrect|wrong|falsche) add?ress|address (is )?(incorrect|incomplete|wrong)", ExceptionType.ADDRESS),
    (r"delay|verzögert|verspät|retard", ExceptionType.DELAY),
)
_OF_WORDS = {
    Words.BACK: Milestone.RETURNED, Words.ATTEMPTED: Milestone.DELIVERY_ATTEMPTED,
    Words.REFUSED: Milestone.DELIVERY_ATTEMPTED, Words.IN_DOUBT: None,
    Words.WAITING: Milestone.AVAILABLE_FOR_PICKUP, Words.PICK_UP_PLACE: Milestone.AVAILABLE_FOR_PICKUP,
    Words.HANDED_OVER: Milestone.HANDED_OVER, Words.PARTIAL: None, Words.TO_COME: None,
}
"""Maps words that override a bare delivery (``delivery_words.py``) to the milestone they mean; None: no delivery, and
nothing else either."""
_MAY_BE_TIME = re.compile(r"(?=.{6,60}$)(?:/Date\(|\d{1,4}[-/. ]|\d{8,}|[A-Za-z]{3,9}\.? \d)")
"""How a time or a date begins; other texts need not be tried against every pattern."""
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


@cache
def words_of(name: str) -> list[str]:
    """``eventDateTime`` -> event, date, time."""
    return [word.lower() for word in _CAMEL.findall(name)]


MOST_UNREAD = 4
"""One in so many texts of a time field may be no time."""


class Formats(NamedTuple):
    """The formats of a field's texts: ``iso``, ``epoch`` or strptime patterns. ``either``: each of them reads all
    texts (day or month first); else they read them together. ``unread``: a text that none reads, of a few. Without
    ``names`` the texts are no times."""

    names: list[str]
    either: bool = False
    unread: str = ""


def formats_of(values: Sequence[str], format_of: Callable[[str], str | None], patterns: Sequence[str]) -> Formats:
    """Return the formats that read these texts. ``format_of``: the format of one text."""
    read = {value: kind for value in values if (kind := format_of(value)) is not None}
    unread = [value for value in values if value not in read]
    if not read or len(unread) * MOST_UNREAD > len(values):
        return Formats([])
    kinds, bad = {*read.values()}, "".join(unread[:1])
    if kinds <= {ISO} or kinds <= {EPOCH}:
        return Formats([*kinds], unread=bad)
    reader = _day if patterns is DATES else _stamp
    whole = [one for one in patterns if all(_parses(partial(reader, value, one)) for value in read)]
    return Formats(whole, len(whole) > 1, bad) if whole else Formats(sorted(kinds), unread=bad)


def _stamp(text: str, pattern: str) -> object:
    """Read a stamp by a strptime pattern. Raises Unreadable."""
    return patterned_moment(text, pattern, _utc)


def _day(text: str, pattern: str) -> object:
    """Read a date by a strptime pattern. Raises Unreadable."""
    return day_ms(text, pattern)


@cache
def time_format_of(text: str) -> str | None:
    """Return the format of a date with a time: ``iso``, ``epoch`` or a strptime pattern; None for another text."""
    if not _MAY_BE_TIME.match(text):
        return None
    if len(text) > 10 and _parses(lambda: stamp_moment(text, _utc)):
        return ISO
    if text.startswith("/Date("):
        return EPOCH if _parses(lambda: epoch_moment(text)) else None
    if is_digits(text):
        return _digits_format_of(text)
    return next((pattern for pattern in PATTERNS if _parses(partial(patterned_moment, text, pattern, _utc))), None)


def _digits_format_of(text: str) -> str | None:
    """Return the format of bare digits: a time only within this century's dates; None for a likely number."""
    pattern = _COMPACT.get(len(text)) if text.startswith("20") else None
    if pattern is not None and _parses(partial(patterned_moment, text, pattern, _utc)):
        return pattern
    return EPOCH if len(text) in (10, 13) and text[:2] in ("15", "16", "17", "18", "19") else None


@cache
def date_format_of(text: str) -> str | None:
    """Return the format of a date without a time: ``iso`` or a strptime pattern; None for another text."""
    if not _MAY_BE_TIME.match(text):
        return None
    if _parses(lambda: day_ms(text)):
        return ISO
    return next((pattern for pattern in DATES if _parses(partial(day_ms, text, pattern))), None)


def is_clock(text: str, named: bool = False) -> bool:
    """Return True for a time of day; for bare digits only if the field's name says so (``named``)."""
    return (":" in text or (named and is_digits(text) and len(text) in (4, 6))) and _parses(lambda: clock_ms(text))


def is_time(text: str) -> bool:
    """Return True for a date, with or without a time of day."""
    return time_format_of(text) is not None or date_format_of(text) is not None


def meaning_of(text: str) -> Milestone | None:
    """Guess the milestone of an English, German or French status text or word; None without a match.

    What says more than a bare delivery (to the sender, to a locker, still to come) is none.
    """
    said = folded(" ".join(_CAMEL.findall(text)) if _is_one_word(text) else text.replace("_", " "))
    found = next((milestone for pattern, milestone in _MEANINGS if re.search(pattern, said)), None)
    if found is not Milestone.DELIVERED:
        return found
    words = words_in(said)
    return found if words is None else _OF_WORDS.get(words, found)


def trouble_in(text: str) -> ExceptionType:
    """Guess the exception that an English, German or French status text tells of; ``none`` without a match."""
    said = folded(text)
    return next((trouble for pattern, trouble in _TROUBLES if re.search(pattern, said)), ExceptionType.NONE)


def _is_one_word(text: str) -> bool:
    """Return True for a name such as ``OutForDelivery`` or ``IN_TRANSIT``, whose words are to be taken apart."""
    return " " not in text and text.isascii()


def _utc() -> str:
    return "UTC"


def _parses(read: Callable[[], object]) -> bool:
    try:
        read()
    except Unreadable:
        return False
    return True
