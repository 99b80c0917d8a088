"""Which events of a shipment are news: what several sources say of one occurrence is told once (``occurrences.py``).
What was taken back, or found not to be of the shipment (``status.is_voided``), is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from streams.shipments.facts import KIND_NUMBERS, TOLD_AS
from streams.shipments.notifications.occurrences import occurrences, read_report, source_of
from streams.shipments.record import Entry, Shipment, decode_entry
from streams.shipments.status_machine import is_voided

COUNTED = 3
"""Bytes of an entry in ``Shipment.told``: the kind's number, then how often it happened; ascending by number."""


class Telling(NamedTuple):
    """What a report brought. ``number``: which occurrence of its kind it made known, 0 where none; ``place``: the
    event to tell of it by; ``same_as``: place of another event of the same occurrence, -1 without one."""

    number: int
    place: int
    same_as: int = -1


def kind_of(entry: Entry) -> str | None:
    """The kind of news; None where customers need not hear of it."""
    if entry.story is None or entry.retracts or not entry.story.reports:
        return None
    return TOLD_AS.get((entry.milestone, entry.exception, entry.actual))


def count_in(shipment: Shipment, place: int, entry: Entry, source: int | None = None) -> Telling:
    """Count what ``source`` (without one, that of a new event) tells by the event at ``place``, which it has not told
    by that event before.

    Changes ``sources`` and ``told`` of the shipment, by assignment.
    """
    kind = kind_of(entry)
    if kind is None or entry.story is None:
        return Telling(0, place)
    if source is None:
        source = source_of(entry.story.reports[0])
    told, number = shipment.told, KIND_NUMBERS[kind]
    at = _place_of(told, number)
    before = 0 if at == len(told) or told[at] != number else int.from_bytes(told[at + 1 : at + COUNTED], "big")
    sources = {source, *map(source_of, entry.story.reports)}
    if not sources.issubset(shipment.sources):
        shipment.sources = tuple(sorted(sources.union(shipment.sources)))
    found = Telling(before + 1, place) if len(shipment.sources) == 1 else _weighed(shipment, place, kind)
    if found.number <= before:
        return found._replace(number=0)
    counted = bytes((number,)) + found.number.to_bytes(COUNTED - 1, "big")
    shipment.told = told[:at] + counted + told[at + COUNTED * (before > 0) :]
    return found


def same_as(shipment: Shipment, place: int, entry: Entry) -> int:
    """The place of another source's event of the same occurrence as ``entry``, the one at ``place``; -1 without one."""
    kind = kind_of(entry)
    if kind is None or len(shipment.sources) < 2 or is_voided(shipment, place, entry):
        return -1
    return _weighed(shipment, place, kind).same_as


def recount(shipment: Shipment) -> None:
    """Count again what the history tells of, after something was taken out of it. Changes ``sources`` and ``told``."""
    entries = [decode_entry(data) for data in shipment.history]
    places = _by_kind(shipment, entries)
    news_of = (entries[place] for of_kind in places.values() for place in of_kind)
    reports = (one.story.reports for one in news_of if one.story is not None)
    shipment.sources = tuple(sorted({source_of(report) for told_of in reports for report in told_of}))
    alone = len(shipment.sources) < 2
    shipment.told = b"".join(
        bytes((number,)) + len({of for _, of in _assigned(entries, of_kind, alone=alone)}).to_bytes(COUNTED - 1, "big")
        for number, of_kind in sorted((KIND_NUMBERS[kind], of_kind) for kind, of_kind in places.items())
    )


def _by_kind(shipment: Shipment, entries: list[Entry]) -> dict[str, list[int]]:
    """The places of the events of each kind of news; ``entries``: the shipment's history."""
    kinds: dict[str, list[int]] = {}
    for place, entry in enumerate(entries):
        kind = kind_of(entry)
        if kind is not None and not is_voided(shipment, place, entry):
            kinds.setdefault(kind, []).append(place)
    return kinds


def _place_of(told: bytes, number: int) -> int:
    """Where in what was told the kind of this number stands, or belongs."""
    at = 0
    while at < len(told) and told[at] < number:
        at += COUNTED
    return at


def news(shipment: Shipment) -> Iterator[tuple[int, Entry, int]]:
    """Every event with the occurrence of its kind it is the first word of, 1, 2 ...; 0 where another event is, or it is
    no news. In event-time order; without those nobody is told of."""
    entries = [decode_entry(data) for data in shipment.history]
    numbers: dict[int, int] = {}
    for places in _by_kind(shipment, entries).values():
        assigned = _assigned(entries, places, alone=len(shipment.sources) < 2)
        numbers |= {place: number for number, place in enumerate(_first_words(assigned, places), 1)}
    for place, entry in enumerate(entries):
        if not is_voided(shipment, place, entry):
            yield place, entry, numbers.get(place, 0)


def _first_words(assigned: list[tuple[int, int]], places: list[int]) -> list[int]:
    """An event of its own for each occurrence: its first, where no other occurrence has that, else any."""
    words: dict[int, int] = {}
    for place, occurrence in assigned:
        if occurrence not in words and place not in words.values():
            words[occurrence] = place
    missing = len({occurrence for _, occurrence in assigned}) - len(words)
    spare = [place for place in places if place not in words.values()]
    return sorted([*words.values(), *spare[:missing]])


def _assigned(entries: list[Entry], places: list[int], *, alone: bool) -> list[tuple[int, int]]:
    """(place, occurrence) of every report, by piece and event time: no occurrence is of two pieces."""
    if alone:
        return [(place, place) for place in places]
    by_piece: dict[str, list[int]] = {}
    for place in places:
        by_piece.setdefault(entries[place].piece, []).append(place)
    assigned: list[tuple[int, int]] = []
    for of_one in by_piece.values():
        owners, reports = [], []
        for place in of_one:
            story = entries[place].story
            if story is not None:
                owners += [place] * len(story.reports)
                reports += [read_report(report, story.occurred_at) for report in story.reports]
        first = 1 + max((occurrence for _, occurrence in assigned), default=-1)
        assigned += [(owner, first + found) for owner, found in zip(owners, occurrences(reports), strict=True)]
    return assigned


def _weighed(shipment: Shipment, place: int, kind: str) -> Telling:
    entries = [decode_entry(data) for data in shipment.history]
    places = _by_kind(shipment, entries)[kind]
    assigned = _assigned(entries, places, alone=False)
    of: dict[int, list[int]] = {}
    for owner, occurrence in assigned:
        of.setdefault(occurrence, []).append(owner)
    mine = {occurrence for owner, occurrence in assigned if owner == place}
    others = [owner for owner, occurrence in assigned if occurrence in mine and owner != place]
    if not others:
        return Telling(len(of), place)
    heard = {min(owners, key=lambda owner: (entries[owner].received_at, owner)) for owners in of.values()}
    latest = max(heard, key=lambda owner: (entries[owner].received_at, owner))
    return Telling(len(of), latest, min(others))
