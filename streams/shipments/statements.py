"""Estimates as carriers state them: which one counts, and those that are stated anew on an event already seen.

A carrier that has nothing new to scan sends its last event again, with another estimate. Each estimate of an event is
kept by when it was *first* received; the newest counts. The same estimate sent again later is a repeat: a message that
a carrier, or another source, sends late must not undo a newer one. So the set of sightings alone decides, up to
``MOST_RESTATED`` different estimates on one event.
"""

from __future__ import annotations

from msgspec.structs import replace

from streams.contracts.estimate import Estimate, Statement, with_earlier
from streams.contracts.model import CarrierEvent, Sighting
from streams.shipments.facts import Entry
from streams.shipments.record import View

MOST_RESTATED = 8
"""Other estimates that are kept of one event: the first, and the latest of the others."""


def statements_of(entry: Entry) -> tuple[Statement, ...]:
    """The estimates stated on an event, in the order they were first received."""
    own = _own(entry)
    return entry.restated if own is None else (own, *entry.restated)


def with_statements(best: Entry, one: Entry, other: Entry) -> Entry:
    """The entry kept of two sightings, with the estimates of both that are not its own."""
    if not (one.restated or other.restated) and _are_alike(one, other):
        return best
    first: dict[tuple[int, int | None], Statement] = {}
    for statement in sorted([*statements_of(one), *statements_of(other)], key=_by_receipt):
        first.setdefault((statement.until, statement.begins), statement)
    own = _own(best)
    restated = tuple([statement for statement in first.values() if statement != own])
    if len(restated) > MOST_RESTATED:
        restated = restated[:1] + restated[1 - MOST_RESTATED :]
    return best if restated == best.restated else replace(best, restated=restated)


def states_anew(known: Entry, event: CarrierEvent | Sighting) -> bool:
    """Whether a sighting of a known event states an estimate that was not stated on it before."""
    until, begins = event.estimated_delivery_at, event.estimated_delivery_from
    if until is None:
        return False
    told = event.received_at, event.source.feed
    return not any(
        one.until == until and one.begins == begins and (one.received_at, one.by) <= told
        for one in statements_of(known)
    )


def estimate(view: View, entry: Entry) -> None:
    """Take in the estimates of the last event of the history. Changes ``view``.

    The one stated last counts; the first, how often it changed and those given up are kept beside it.
    """
    until = entry.estimated_delivery_at
    if until is not None:
        _follow(view, until, entry.estimate_from, entry.at, entry.estimate_by)
    for one in entry.restated:
        _follow(view, one.until, one.begins, one.received_at, one.by)


def _follow(view: View, until: int, begins: int | None, at: int, by: str) -> None:
    current = view.estimated_delivery_at
    if view.first_estimate is None or current is None:
        view.first_estimate = until
    elif until != current:
        view.estimate_changes += 1
        view.earlier_estimates = with_earlier(
            view.earlier_estimates, Estimate(current, view.estimate_at or 0, view.estimate_by)
        )
    view.estimated_delivery_at, view.estimated_delivery_from = until, begins
    view.estimate_at, view.estimate_by = at, by


def _own(entry: Entry) -> Statement | None:
    until = entry.estimated_delivery_at
    return None if until is None else Statement(entry.received_at, until, entry.estimate_from, entry.estimate_by)


def _are_alike(one: Entry, other: Entry) -> bool:
    """Whether one of the two statements tells all that both do: that received first."""
    if (one.estimated_delivery_at, one.estimate_from) != (other.estimated_delivery_at, other.estimate_from):
        return False
    return one.received_at != other.received_at or one.estimate_by == other.estimate_by


def _by_receipt(one: Statement) -> tuple[int, int, int, str]:
    return one.received_at, one.until, -1 if one.begins is None else one.begins, one.by
