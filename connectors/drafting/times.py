"""Guesses which fields of a sample are the time of the scan and the estimates, and how they are written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from connectors.drafting.leaves import Leaf
from connectors.drafting.marks import note, quoted
from connectors.drafting.words import (
    DATES,
    EPOCH,
    ISO,
    PATTERNS,
    Formats,
    date_format_of,
    formats_of,
    is_clock,
    time_format_of,
)
from connectors.mapping.values.times import Unreadable, stamp_moment

ESTIMATE_WORDS = {
    "estimated", "estimate", "expected", "eta", "scheduled", "promised", "promise", "forecast", "predicted",
    "appointment", "due", "planned", "plan", "requested", "commitment", "committed", "deadline", "target", "slot",
    "timeslot", "window", "schedule",
}
_REVISED = {"dynamic", "revised", "updated", "rescheduled", "current", "predicted", "new", "latest", "estimated", "eta"}
_FIRST_SAID = {"original", "originally", "promised", "commitment", "committed", "requested", "initial", "due"}
MOST_VALUES = 200
"""Values of a field that are looked at."""
_UTC_WORDS = {"gmt", "utc"}
_OF_THE_RECORD = {"created", "updated", "modified", "processed", "sent", "inserted", "load", "loaded", "reported"}
_OF_THE_SCAN = {"event", "scan", "status", "activity", "occurred", "happened", "timestamp", "when", "actual", "local"}


@dataclass(slots=True)
class TimeGuess:
    """Entries of ``time`` as YAML flow mappings, and why. ``names_no_zone``: no text tells an offset or a zone."""

    says: list[str] = field(default_factory=list)
    why: str = ""
    example: str = ""
    names_no_zone: bool = True


def is_estimate(leaf: Leaf) -> bool:
    """Return True if the names on the way to a leaf are those of an estimate or a plan."""
    return bool(ESTIMATE_WORDS & set(leaf.words))


def is_time_leaf(leaf: Leaf) -> bool:
    """Return True if the values are dates, with or without a time of day."""
    return bool(_stamp_formats(leaf).names or _date_formats(leaf).names)


def scan_times(leaves: Sequence[Leaf], offsets: Sequence[Leaf], zones: Sequence[Leaf]) -> TimeGuess:
    """Guess the time of a scan: one stamp, else a date with its time of day.

    ``offsets``, ``zones``: fields that hold an offset, or the name of a zone.
    """
    def rank(leaf: Leaf) -> tuple[bool, float, bool, int]:
        words = set(leaf.words)
        return bool(_OF_THE_RECORD & words), -round(leaf.share, 1), not _OF_THE_SCAN & words, leaf.path.count(".")

    stamps = sorted((leaf for leaf in leaves if _stamp_formats(leaf).names), key=rank)
    beside = f"; other times: {', '.join(leaf.path for leaf in stamps[1:4])}" if stamps[1:] else ""
    if stamps:
        leaf = stamps[0]
        formats = _stamp_formats(leaf)
        in_text = formats.names == [ISO] and all(map(_names_zone, leaf.values))
        has_zone = bool(zones) or formats.names == [EPOCH] or in_text
        offset = "" if has_zone or not offsets else f", offset: {quoted(offsets[0].path)}"
        why = f"{note(leaf.values[0], 40)}{_ambiguous(formats)}{'' if has_zone or offset else '; it names no zone'}"
        return TimeGuess([_stamp(leaf, formats, offset)], why + beside, leaf.values[0], not (has_zone or offset))
    dates = [leaf for leaf in leaves if _date_formats(leaf).names]
    dates.sort(key=lambda leaf: (bool(_UTC_WORDS & set(leaf.last)), *rank(leaf)))
    clocks = [leaf for leaf in leaves if all(is_clock(value, named="time" in leaf.last) for value in leaf.values)]
    for leaf in dates[:1]:
        clock = _clock_of(leaf, clocks)
        offset = f", offset: {quoted(offsets[0].path)}" if offsets else ""
        formats = _date_formats(leaf)
        local = ", ".join(quoted(one.path) for one in (leaf, *clock))
        shown = " ".join([leaf.values[0], *(one.values[0] for one in clock)])
        why = f"{note(shown, 40)}{_ambiguous(formats)}{'' if offset or zones else '; it names no zone'}"
        return TimeGuess([f"{{local: [{local}]{_pattern(formats)}{offset}}}"], why, shown, not (offset or zones))
    return TimeGuess()


def estimates_of(leaves: Sequence[Leaf]) -> tuple[list[str], str, str]:
    """Return the entries of ``eta``, why, and an example: a stamp or a date that its name calls an estimate."""
    found = [leaf for leaf in leaves if is_estimate(leaf) and not leaf.is_flag and not {"pickup"} & set(leaf.words)]
    found.sort(key=lambda leaf: (bool(_FIRST_SAID & set(leaf.words)), not _REVISED & set(leaf.words)))
    stamps = [leaf for leaf in found if _stamp_formats(leaf).names]
    dates = [leaf for leaf in found if _date_formats(leaf).names]
    says = [_stamp(leaf, _stamp_formats(leaf), "") for leaf in stamps]
    says += [f"{{local: [{quoted(leaf.path)}]{_pattern(_date_formats(leaf))}}}" for leaf in dates]
    if not says:
        return [], "", ""
    example = (stamps or dates)[0].values[0]
    order = "which of them is the newest statement? " if len(says) > 1 else ""
    return says, f"{order}an estimate of the delivery, and no plan of another step? {note(example, 40)}", example


def _stamp_formats(leaf: Leaf) -> Formats:
    values = leaf.values[:MOST_VALUES]
    return formats_of(values, _format_of, PATTERNS) if any(map(time_format_of, values)) else Formats([])


def _date_formats(leaf: Leaf) -> Formats:
    return formats_of(leaf.values[:MOST_VALUES], date_format_of, DATES)


def _format_of(text: str) -> str | None:
    """The format of a stamp, or of a date among stamps."""
    return time_format_of(text) or (ISO if date_format_of(text) == ISO else None)


def _names_zone(text: str) -> bool:
    try:
        return not stamp_moment(text, lambda: "UTC").assumed
    except Unreadable:
        return True


def _ambiguous(formats: Formats) -> str:
    either = f"; {' or '.join(formats.names)}? All values fit each" if formats.either else ""
    return f"{either}; {note(formats.unread, 30)} is no time" if formats.unread else either


def _pattern(formats: Formats) -> str:
    if formats.names == [ISO]:
        return ""
    of_one = formats.either or len(formats.names) == 1
    return f", pattern: {json.dumps(formats.names[0] if of_one else formats.names)}"


def _stamp(leaf: Leaf, formats: Formats, offset: str) -> str:
    if formats.names == [EPOCH]:
        return f"{{epoch: {quoted(leaf.path)}}}"
    return f"{{stamp: {quoted(leaf.path)}{_pattern(formats)}{offset}}}"


def _clock_of(date: Leaf, clocks: Sequence[Leaf]) -> list[Leaf]:
    """Return the time of day in the object of the date whose name is most similar; empty without one."""
    def distance(clock: Leaf) -> int:
        return len((set(clock.last) ^ set(date.last)) - {"date", "time", "day", "at"})

    near = [clock for clock in clocks if clock.path.rpartition(".")[0] == date.path.rpartition(".")[0]]
    return sorted(near, key=distance)[:1]
