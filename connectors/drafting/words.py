"""Heuristics on names and texts of a sample: time formats and milestones."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial

from connectors.mapping.values.times import (
    Unreadable,
    clock_ms,
    day_ms,
    epoch_moment,
    is_digits,
    patterned_moment,
    stamp_moment,
)
from streams.kernel.vocabulary import Milestone

PATTERNS = (
    "%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M",
    "%d %b %Y %H:%M", "%d-%b-%Y %H:%M", "%d-%b-%Y %H:%M:%S", "%b %d, %Y %I:%M %p", "%B %d, %Y %I:%M %p",
    "%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M",
)
DATES = ("%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%B %d, %Y", "%b %d, %Y", "%d %b %Y", "%d-%b-%Y", "%d-%m-%Y", "%Y/%m/%d")
_COMPACT = {14: "%Y%m%d%H%M%S", 12: "%Y%m%d%H%M"}
ISO, EPOCH = "iso", "epoch"

# The first match applies, so that "not delivered" is listed before "delivered".
_MEANINGS: tuple[tuple[str, Milestone], ...] = (
    (r"out for delivery|with (the )?(courier|driver)|(van|vehicle|truck) for delivery|in zustellung|zustellfahrzeug|"
     r"en cours de livraison", Milestone.OUT_FOR_DELIVERY),
    (r"attempt|not delivered|undeliver|unsuccessful|could not be delivered|no one (was )?home|nicht zugestellt",
     Milestone.DELIVERY_ATTEMPTED),
    (r"(ready|available|awaiting|held) (for|to be) (pick|collect)|abhol(bereit|ung)", Milestone.AVAILABLE_FOR_PICKUP),
    (r"returned to (the )?(sender|shipper)|return (is )?complete", Milestone.RETURNED),
    (r"return(ing)?\b|back to (the )?(sender|shipper)|rücksendung", Milestone.RETURNING),
    (r"deliver(ed|y (complete|successful))|zugestellt|ausgeliefert|livré|entregad", Milestone.DELIVERED),
    (r"customs.*(clear|releas)|(clear|releas)\w* .*customs|verzollt", Milestone.CUSTOMS_RELEASED),
    (r"customs.*(held|hold|delay|inspect)|held .*customs", Milestone.CUSTOMS_HELD),
    (r"customs|zoll", Milestone.CUSTOMS_STARTED),
    (r"pick(ed)?[ -]?up|collected|abgeholt", Milestone.PICKED_UP),
    (r"label|pre-?advice|information (received|sent)|electronic|data (received|uploaded)|manifest|announced|"
     r"order (created|ready)|angekündigt", Milestone.PRE_ADVISED),
    (r"cancel", Milestone.BOOKING_CANCELLED),
    (r"\blost\b", Milestone.LOST),
    (r"destroy|disposed", Milestone.DESTROYED),
    (r"handed over|transferred|tendered", Milestone.HANDED_OVER),
    (r"depart|left (the )?|verlassen|dispatched from", Milestone.DEPARTED_FACILITY),
    (r"arriv|received at|eingetroffen|processed (at|through)|scanned at", Milestone.ARRIVED_FACILITY),
    (r"transit|on (the|its) way|en route|unterwegs|forwarded", Milestone.IN_TRANSIT),
)
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


@cache
def words_of(name: str) -> list[str]:
    """``eventDateTime`` -> event, date, time."""
    return [word.lower() for word in _CAMEL.findall(name)]


@cache
def time_format_of(text: str) -> str | None:
    """Return the format of a date with a time: ``iso``, ``epoch`` or a strptime pattern; None for another text."""
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
    """Guess the milestone of an English, German or French status text; None without a match."""
    folded = text.casefold().replace("_", " ")
    return next((milestone for pattern, milestone in _MEANINGS if re.search(pattern, folded)), None)


def _utc() -> str:
    return "UTC"


def _parses(read: Callable[[], object]) -> bool:
    try:
        read()
    except Unreadable:
        return False
    return True
