"""A re-map as plain data: totals, and what becomes of each shipment. Times are UTC ms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from streams.contracts.ids import shipment_key
from streams.contracts.model import CarrierEvent
from streams.intake.mapping_diff import Verdict, fields_between
from streams.intake.remap import place_of
from streams.kernel.vocabulary import Correction
from topologies.operations.remap import Plan
from topologies.operations.remap_effects import Effect

Row = dict[str, Any]


def report(plan: Plan) -> Row:
    """Reports the whole plan as plain data."""
    compared, effects = plan.compared, plan.effects.values()
    shipments = shipment_rows(plan)
    return {
        "feed": plan.feed, "since": plan.asked.since, "until": plan.asked.until,
        "records": {one.value: compared.records[one] for one in Verdict},
        "left_out": dict(compared.left_out),
        "dead_letters_readable_now": len(compared.dead_letters),
        "refused_now": dict(compared.refused),
        "refusals": [{"raw": place_in_words(*place), "why": why} for place, why in compared.refusals],
        "without_a_number": sum(
            any(not one.tracking_number for one in events) for events in compared.remapped.values()
        ),
        "corrections": _counted(
            one.correction for events in plan.corrections.values() for one in events
        ),
        "fields": dict(Counter(
            name for row in shipments for event in row["events"] for name in event["fields"]
        ).most_common()),
        "statuses": [
            {"from": before, "to": after, "shipments": count}
            for (before, after), count in Counter(
                (one.before.value, one.after.value) for one in effects if one.before is not one.after
            ).most_common()
        ],
        "customer_updates": _counted(one.correction for effect in effects for one in effect.updates.values()),
        "postings": _postings(effects),
        "adds_delivery": sorted(one.key for one in plan.deliveries),
        "takes_delivery_back": sorted(one.key for one in effects if one.takes_delivery_back),
        "held": [
            {"shipment": key, "raw": place_in_words(*place_of(one)), "why": why, **_event(one)}
            for key, held in sorted(plan.held.items()) for one, why in held
        ],
        "archived": sorted(plan.archived),
        "shipments": shipments,
    }


def shipment_rows(plan: Plan) -> list[Row]:
    """A row for each shipment that is corrected or affected: those with a delivery told anew first, then those with one
    taken back, then the others that somebody would hear of."""
    found = []
    for key in {**plan.corrections, **plan.effects}:
        effect = plan.effects[key]
        published = {one.event_id: one for one in plan.compared.published.get(key, [])}
        found.append({
            "shipment": key, "before": effect.before.value, "after": effect.after.value,
            "adds_delivery": effect.adds_delivery, "takes_delivery_back": effect.takes_delivery_back,
            "archived": effect.is_archived,
            "because_of": sorted(effect.roots - {key}),
            "events": [_correction(one, published, plan) for one in plan.corrections.get(key, [])],
            "customer_updates": [
                {"customer": one.customer_id, "order": one.order_id, "correction": one.correction.value,
                 "milestone": one.milestone.value, "exception": one.exception.value, "occurred_at": one.occurred_at}
                for one in effect.updates.values()
            ],
            "milestones": [
                {"delivery": one.delivery_id, "correction": one.correction.value, "milestone": one.milestone.value,
                 "exception": one.exception.value, "occurred_at": one.occurred_at}
                for one in effect.milestones
            ],
            "postings": [
                {"delivery": one.delivery_id, "kind": one.kind.value, "reverses": one.reverses,
                 "occurred_at": one.occurred_at}
                for one in effect.postings
            ],
            "refused": effect.refused,
        })
    return sorted(found, key=_pressing)


def place_in_words(topic: str, partition: int, offset: int) -> str:
    """Writes the place of a raw record for people."""
    return f"{topic}[{partition}] @ {offset}"


def _pressing(row: Row) -> tuple[bool, bool, bool, str]:
    is_heard = row["before"] != row["after"] or row["customer_updates"] or row["postings"]
    return not row["adds_delivery"], not row["takes_delivery_back"], not is_heard, row["shipment"]


def _correction(event: CarrierEvent, published: dict[str, CarrierEvent], plan: Plan) -> Row:
    """One event to be published; ``before``: the published event it corrects, ``after``: None where that is gone."""
    before = published.get(event.corrects or "")
    place, is_gone = place_of(event), event.correction is Correction.RETRACTS
    return {
        "correction": event.correction.value, "event_id": event.event_id, "corrects": event.corrects,
        "shipment": shipment_key(event.carrier, event.tracking_number),
        "raw": place_in_words(*place),
        "dead_letter": plan.compared.dead_letters.get(place),
        "before": None if before is None else _event(before),
        "after": None if is_gone else _event(event),
        "fields": [] if before is None or is_gone else fields_between(before, event),
    }


def _event(event: CarrierEvent) -> Row:
    return {
        "milestone": event.milestone.value, "exception": event.exception.value, "reason": event.reason.value,
        "occurred_at": event.occurred_at, "carrier_code": event.carrier_code, "carrier_text": event.carrier_text,
        "classifier": event.classifier.value,
    }


def _counted(found: Iterable[Correction]) -> dict[str, int]:
    counts = Counter(found)
    return {one.value: counts[one] for one in Correction}


def _postings(effects: Iterable[Effect]) -> dict[str, dict[str, int]]:
    """Counts, by kind, how many postings are made and how many reversed."""
    counts: dict[str, dict[str, int]] = {}
    for effect in effects:
        for one in effect.postings:
            kind = counts.setdefault(one.kind.value, {"posted": 0, "reversed": 0})
            kind["posted" if one.reverses is None else "reversed"] += 1
    return counts
