"""Dates and times in the customer's language and at the place they are about. All are UTC milliseconds."""

from __future__ import annotations

from datetime import timedelta

from babel.dates import format_date, format_time, format_timedelta

from portal.words.times import DAY, MINUTE, moment

LOCALES = {"en": "en_GB", "de": "de_DE", "fr": "fr_FR", "es": "es_ES"}
_END_OF_DAY = DAY - MINUTE


def is_day(at: int) -> bool:
    """Whether the time stands for a whole day: midnight in UTC, or the last minute before it, is how systems write a
    date without a time."""
    return at % DAY == 0 or at % DAY >= _END_OF_DAY


def day(at: int, offset: int | None, language: str) -> str:
    """``Monday 21 September 2026``."""
    found = moment(at, 0 if is_day(at) else offset or 0)
    return "" if found is None else format_date(found.date(), "full", LOCALES[language])


def clock(at: int, offset: int | None, language: str) -> str:
    """``16:13``; with UTC behind it where nobody knows the zone; empty for a whole day."""
    found = moment(at, offset or 0)
    if found is None or is_day(at):
        return ""
    return format_time(found.time(), "short", locale=LOCALES[language]) + ("" if offset is not None else " UTC")


def whole(at: int, offset: int | None, language: str) -> str:
    """Day and time."""
    return ", ".join(one for one in (day(at, offset, language), clock(at, offset, language)) if one)


def span(length: int, language: str) -> str:
    """``2 days``, ``5 hours``."""
    return format_timedelta(timedelta(milliseconds=abs(length)), locale=LOCALES[language], threshold=1.2)
