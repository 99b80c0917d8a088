"""The number each occurrence is told under: the n-th of its kind, by receipt.

What several sources report of one occurrence is told once (``matching.py``), by the event of it received first. Numbers
go by receipt and not by event time, so that a late event takes the next number and leaves the others what they told.
Events that corrections took out, or that are another shipment's, are no news.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from streams.kernel.vocabulary import ExceptionType
from streams.shipments.audiences import KIND_NUMBERS, NEWS_KINDS
from streams.shipments.facts import Entry, Facts, id_at, origin_at, place_of, rank_of, reports_of
from streams.shipments.occurrences.matching import occurrences, read_report, source_of
from streams.shipments.record import View

_NONE = ExceptionType.NONE


class Appended(NamedTuple):
    """The event at ``place`` was appended. ``number``: the occurrence it made known, 0 for none; ``teller``: place of
    the event that tells it."""

    place: int
    number: int
    teller: int


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


def numbered(facts: Facts, view: View, entries: Sequence[Entry], like: Entry | None = None) -> dict[int, int]:
    """Place of an event -> which occurrence of its kind it tells, 1, 2 ...; none of those that tell nothing. With an
    event, of its kind alone. ``entries``: the history."""
    number_of: dict[int, int] = {}
    for places in news_by_kind(facts, view, entries, like).values():
        tellers = _tellers(entries, places) if len(view.sources) > 1 and len(places) > 1 else places
        number_of |= {place: number for number, place in enumerate(tellers, 1)}
    return number_of


def sources_and_counts(facts: Facts, view: View, entries: Sequence[Entry]) -> tuple[tuple[int, ...], dict[int, int]]:
    """``View.sources`` and ``View.counts``."""
    kinds = news_by_kind(facts, view, entries)
    news = [entries[place] for places in kinds.values() for place in places]
    sources = {source_of(report) for entry in news for report in reports_of(entry)}
    counts = {
        KIND_NUMBERS[kind]: len(places if len(sources) < 2 else _tellers(entries, places))
        for kind, places in kinds.items()
    }
    return tuple(sorted(sources)), dict(sorted(counts.items()))


def same_occurrence(facts: Facts, view: View, entries: Sequence[Entry], place: int) -> int:
    """The place of another event of the same occurrence; -1 where there is none."""
    kind = kind_of(entries[place])
    if kind is None or len(view.sources) < 2 or is_voided(facts, view, place, entries[place]):
        return -1
    places = news_by_kind(facts, view, entries, entries[place])[kind]
    if len(places) < 2:
        return -1
    assigned = _assigned(entries, places)
    mine = {occurrence for owner, occurrence in assigned if owner == place}
    return min((owner for owner, occurrence in assigned if occurrence in mine and owner != place), default=-1)


def news_by_kind(
    facts: Facts, view: View, entries: Sequence[Entry], like: Entry | None = None
) -> dict[str, list[int]]:
    """The places of each kind of news, or with an event of its kind; those received first first."""
    kinds: dict[str, list[int]] = {}
    wanted = None if like is None else kind_of(like)
    if like is not None and wanted is None:
        return kinds
    for place, entry in enumerate(entries):
        if like is not None and entry.milestone is not like.milestone and (
            entry.exception is _NONE or entry.exception is not like.exception
        ):
            continue
        kind = kind_of(entry)
        if kind is None or (wanted is not None and kind != wanted) or is_voided(facts, view, place, entry):
            continue
        kinds.setdefault(kind, []).append(place)
    for places in kinds.values():
        if len(places) > 1:
            places.sort(key=lambda place: received_before(facts, place, entries[place]))
    return kinds


def _tellers(entries: Sequence[Entry], places: Sequence[int]) -> list[int]:
    """For each occurrence an event of its own that tells it: its first, where that tells no other, else any; those
    received first first. ``places``: the news of one kind."""
    tellers: dict[int, int] = {}
    assigned = _assigned(entries, places)
    for place, occurrence in assigned:
        if occurrence not in tellers and place not in tellers.values():
            tellers[occurrence] = place
    missing = len({occurrence for _, occurrence in assigned}) - len(tellers)
    spare = [place for place in places if place not in tellers.values()]
    found = {*tellers.values(), *spare[:missing]}
    return [place for place in places if place in found]


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
