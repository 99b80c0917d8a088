"""The number each occurrence is told under: the n-th of its kind, by receipt.

What several sources report of one occurrence is told once (``matching.py``), by the event of it received first. Numbers
go by receipt and not by event time, so that a late event takes the next number and leaves the others what they told.
Events that corrections took out, or that are another shipment's, are no news.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from msgspec import Struct

from streams.kernel.vocabulary import Milestone
from streams.shipments.audiences import KIND_NUMBERS, NEWS_KINDS
from streams.shipments.facts import Entry, Facts, id_at, origin_at, place_of, rank_of, reports_of
from streams.shipments.occurrences.matching import occurrences, read_report, source_of
from streams.shipments.record import View

T = TypeVar("T")


class Inserted(Struct, frozen=True, gc=False):
    """The event at ``place`` was taken in. ``number``: the occurrence it made known, 0 for none; ``teller``: place of
    the event that tells it."""

    place: int
    number: int
    teller: int


ONCE = frozenset({Milestone.DELIVERED, Milestone.RETURNED})
"""Milestones that happen once to each piece, however often and for whatever day they are reported."""


def kind_of(entry: Entry) -> str | None:
    """The kind of news an event is; None where customers need not hear of it."""
    if entry.story is None or entry.retracts or not entry.story.reports:
        return None
    return NEWS_KINDS.get((entry.milestone, entry.exception, entry.actual))


def is_voided(facts: Facts, view: View, place: int, entry: Entry) -> bool:
    """True where a correction took the event at ``place`` out."""
    return bool(view.voided) and place_of(view.voided, origin_at(facts, place, entry)) >= 0


def received_before(facts: Facts, place: int, entry: Entry) -> tuple[int, int, int, bytes]:
    """Orders events by receipt; of the same receipt, as the history does."""
    return entry.received_at, entry.at, rank_of(entry), id_at(facts, place)


def places_by(
    facts: Facts, view: View, entries: Sequence[Entry], names_of: Callable[[Entry], Iterable[T]],
    wanted: Iterable[T] | None = None,
) -> dict[T, list[int]]:
    """The places of the events by each name that ``names_of`` gives them, those received first first; if given, by the
    ``wanted`` names alone. ``entries``: the history."""
    found: dict[T, list[int]] = {}
    for place, entry in enumerate(entries):
        for name in names_of(entry):
            if (wanted is None or name in wanted) and not is_voided(facts, view, place, entry):
                found.setdefault(name, []).append(place)
    for places in found.values():
        if len(places) > 1:
            places.sort(key=lambda place: received_before(facts, place, entries[place]))
    return found


def news_of_kind(facts: Facts, view: View, entries: Sequence[Entry], kind: str) -> list[int]:
    """The places of the news of a kind; those received first first."""
    return places_by(facts, view, entries, _kinds, (kind,)).get(kind, [])


def sources_and_counts(facts: Facts, view: View, entries: Sequence[Entry]) -> tuple[tuple[int, ...], dict[int, int]]:
    """``View.sources`` and ``View.counts``."""
    kinds = places_by(facts, view, entries, _kinds)
    reports = {report for places in kinds.values() for place in places for report in reports_of(entries[place])}
    sources = tuple(sorted({source_of(report) for report in reports}))
    counts = {KIND_NUMBERS[kind]: len(tellers(sources, entries, places)) for kind, places in kinds.items()}
    return sources, dict(sorted(counts.items()))


def same_occurrence(facts: Facts, view: View, entries: Sequence[Entry], place: int) -> int:
    """The place of another event of the same occurrence; -1 where there is none."""
    kind = kind_of(entries[place])
    places = [] if kind is None or len(view.sources) < 2 else news_of_kind(facts, view, entries, kind)
    if place not in places or len(places) < 2:
        return -1
    assigned = _assigned(entries, places)
    mine = {occurrence for owner, occurrence in assigned if owner == place}
    return min((owner for owner, occurrence in assigned if occurrence in mine and owner != place), default=-1)


def tellers(sources: Sequence[int], entries: Sequence[Entry], places: Sequence[int]) -> Sequence[int]:
    """For each occurrence an event of its own that tells it: its first, where that tells no other, else any; those
    received first first. Of what happens once, each piece's first. ``sources``: ``View.sources``; ``places``: the news
    of one kind."""
    if len(places) < 2:
        return places
    if entries[places[0]].milestone in ONCE:
        first = {entries[place].piece: place for place in reversed(places)}
        return [place for place in places if first[entries[place].piece] == place]
    if len(sources) < 2:
        return places
    told_by: dict[int, int] = {}
    assigned = _assigned(entries, places)
    for place, occurrence in assigned:
        if occurrence not in told_by and place not in told_by.values():
            told_by[occurrence] = place
    missing = len({occurrence for _, occurrence in assigned}) - len(told_by)
    spare = [place for place in places if place not in told_by.values()]
    found = {*told_by.values(), *spare[:missing]}
    return [place for place in places if place in found]


def _kinds(entry: Entry) -> tuple[str, ...]:
    kind = kind_of(entry)
    return () if kind is None else (kind,)


def _assigned(entries: Sequence[Entry], places: Sequence[int]) -> list[tuple[int, int]]:
    """(place, occurrence) of every report, in the order of ``places``: no occurrence is of two pieces."""
    by_piece: dict[str, list[int]] = {}
    for place in places:
        by_piece.setdefault(entries[place].piece, []).append(place)
    found: dict[int, list[int]] = {place: [] for place in places}
    first = 0
    for of_one in by_piece.values():
        owners, reports = [], []
        for place in sorted(of_one):
            story = entries[place].story
            if story is not None:
                owners += [place] * len(story.reports)
                reports += [read_report(report, story.occurred_at) for report in story.reports]
        numbers = occurrences(reports)
        for owner, number in zip(owners, numbers, strict=True):
            found[owner].append(first + number)
        first += 1 + max(numbers, default=-1)
    return [(place, occurrence) for place in places for occurrence in found[place]]
