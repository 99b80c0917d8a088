"""The aspects of a case that a right value may be given for, each as one line of text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from streams.contracts.model import CarrierEvent
from streams.kernel.vocabulary import ExceptionType, Reason
from tests.cases.journey import Journey, status_of


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a case: its events in their order, reasons of refusal, and where its shipments ended."""

    events: Sequence[CarrierEvent]
    refused: Sequence[str]
    journey: Journey


def at_utc(ms: int) -> str:
    """``2026-11-18T09:47:00Z``."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _meaning(event: CarrierEvent) -> str:
    parts = [event.milestone.value]
    if event.classifier != "actual":
        parts[0] += f"({event.classifier.value})"
    if event.exception is not ExceptionType.NONE:
        parts.append(event.exception.value)
        if event.reason is not Reason.UNKNOWN:
            parts.append(event.reason.value)
    return "/".join(parts)


def _clock(event: CarrierEvent) -> str:
    offset = event.utc_offset_minutes
    return at_utc(event.stated_at or event.occurred_at) + ("" if offset is None else f"{offset / 60:+g}h")


def _place(event: CarrierEvent) -> str:
    place = event.location
    return "-" if place is None else ",".join(filter(None, (place.city, place.region, place.country)))


def _estimates(outcome: Outcome) -> str:
    return " ".join(at_utc(one.estimated_delivery_at) for one in outcome.events if one.estimated_delivery_at)


def _numbers(outcome: Outcome) -> list[tuple[str, str]]:
    return list(dict.fromkeys((one.carrier, one.tracking_number) for one in outcome.events if one.tracking_number))


def _statuses(outcome: Outcome) -> str:
    return " ".join(
        f"{number}={status_of(outcome.journey, carrier, number)}" for carrier, number in _numbers(outcome)
    )


def _last_status(outcome: Outcome) -> str:
    return " ".join(dict.fromkeys(status_of(outcome.journey, *number) for number in _numbers(outcome)))


def _references(outcome: Outcome) -> str:
    found = {f"{one.type}:{one.value}": None for event in outcome.events for one in event.references}
    return " ".join(found)


def _delivered(outcome: Outcome) -> str:
    journey = outcome.journey
    posted = [one.occurred_at for one in journey.postings if one.kind == "delivery_confirmation"]
    told = [one.occurred_at for one in journey.updates if one.milestone == "delivered"]
    known = [at for one in journey.shipments.values() if (at := one.view.delivered_at) is not None]
    days = {at_utc(at)[:10] for at in [*posted, *told, *(known if posted else [])]}
    return f"{len(posted)} posted, {len(told)} told" + "".join(f" {day}" for day in sorted(days))


ASPECTS: Mapping[str, Callable[[Outcome], str]] = {
    "events": lambda outcome: " ".join(map(_meaning, outcome.events)),
    "refused": lambda outcome: " ".join(outcome.refused),
    "times": lambda outcome: " ".join(map(_clock, outcome.events)),
    "places": lambda outcome: " | ".join(map(_place, outcome.events)),
    "estimate": _estimates,
    "status": _last_status,
    "statuses": _statuses,
    "delivered": _delivered,
    "references": _references,
    "numbers": lambda outcome: " ".join(number for _, number in _numbers(outcome)),
    "signed": lambda outcome: " ".join(
        one.proof_of_delivery.signed_by or "-" if one.proof_of_delivery else "-" for one in outcome.events
    ),
    "flags": lambda outcome: " ".join(
        "+".join(sorted(set(one.flags) - {"check_digit_wrong"})) or "-" for one in outcome.events
    ),
}
"""``events``: milestone, exception and reason of each. ``times``: as stated, with the place's offset. ``status``: of
all its numbers, each once. ``delivered``: deliveries posted and told, and their days, that of
the state among them. ``flags``: but for those of made
up numbers."""
