"""The identity step: events without a carrier's number, and claims of whose they are, in; those events with their
number out, as soon as exactly one shipment can be meant.

Reads ``carrier.unresolved`` and ``reference.claims``; writes ``carrier.events``, ``order.references``,
``alert.signals`` and, as its state, ``reference.state``.

What is known of a reference, and what stands resolved in the end, depend on the set of inputs alone, not on their
order, their repetition or how they were cut into chunks. Where claims change, what was told at another shipment is
taken back there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from streams.contracts.claim_order import age_of
from streams.contracts.ids import shipment_key
from streams.contracts.model import AlertSignal, CarrierEvent, OrderReference, ReferenceClaim
from streams.contracts.references import most_specific
from streams.identity.matching import Rules, Standing, first_told, standing
from streams.identity.record import Known, Line, Turn, age_of_line, decode_event, with_claim, with_event
from streams.identity.resolved_events import resolved, taken_back
from streams.identity.unresolved_alerts import alerts_between, settled
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason

MOST_HELD_BYTES = 400 * 1024
MOST_WORDS = 500
MOST_LINES = 500
"""What one reference's record holds at most: some 400 events. One with more is no shipment's (``N/A``, ``00000``). Here
alone does it matter what came first."""
Said = CarrierEvent | ReferenceClaim
_Shipment = tuple[str, str]


class Identified(Struct):
    """What one chunk brought about. ``events``: message key and event; ``states``: changed ones only.

    ``refused``: place in the chunk and why. ``counts``: every event is one of accepted, duplicates and refused; every
    claim one of claimed and claims_repeated, or refused. ``resolved`` and ``taken_back`` count what went out.
    """

    events: list[tuple[str, CarrierEvent]] = field(default_factory=list)
    references: list[OrderReference] = field(default_factory=list)
    alerts: list[AlertSignal] = field(default_factory=list)
    states: dict[str, Known] = field(default_factory=dict)
    refused: list[tuple[int, Reject]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def identify(chunk: Sequence[Said], states: Mapping[str, Known | None], rules: Rules) -> Identified:
    """Take a chunk in, in its order. ``states``: "TYPE:REFERENCE" -> what is stored; left unchanged."""
    out = Identified()
    for place, item in enumerate(chunk):
        try:
            _take(item, states, out)
        except Reject as reject:
            out.refused.append((place, reject))
            out.counts["refused"] += 1
    for key, known in out.states.items():
        before = states.get(key) or Known(known.type, known.value)
        out.states[key] = _put_right(before, known, rules, out)
    out.counts += Counter()
    return out


def key_of(item: Said) -> str:
    """The reference an input is about; empty where it names none."""
    if isinstance(item, ReferenceClaim):
        return f"{item.type}:{item.value}"
    found = most_specific(item.references)
    return "" if found is None else found.key


def _take(item: Said, states: Mapping[str, Known | None], out: Identified) -> None:
    key = key_of(item)
    kind, _, value = key.partition(":")
    if not kind or not value:
        raise Reject(RejectReason.NO_REFERENCE, "it names no reference", "references")
    known = out.states.get(key) or states.get(key) or Known(kind, value)
    if isinstance(item, ReferenceClaim):
        _check_claim(item)
        changed, new, old = with_claim(known, item), "claimed", "claims_repeated"
    else:
        if item.tracking_number:
            raise Reject(RejectReason.CONTRACT_BROKEN, "the event has its carrier's number", "tracking_number")
        changed, new, old = with_event(known, item), "accepted", "duplicates"
    if changed is None:
        out.counts[old] += 1
        return
    _check_room(known, changed)
    out.states[key] = changed
    out.counts[new] += 1


def _check_claim(claim: ReferenceClaim) -> None:
    if claim.tracking_number and not claim.carrier:
        raise Reject(RejectReason.CONTRACT_BROKEN, "a number without its carrier", "carrier")
    if not claim.tracking_number and not claim.order_id and not claim.withdrawn:
        raise Reject(RejectReason.CONTRACT_BROKEN, "neither a shipment nor an order", "tracking_number")


def _check_room(known: Known, changed: Known) -> None:
    """Refuse what a reference's record has no room for. Raises Reject."""
    size = sum(len(one.body) for one in changed.held)
    if len(changed.held) > len(known.held) and size > MOST_HELD_BYTES:
        what = f"{len(known.held)} events"
    elif len(changed.words) > MOST_WORDS:
        what = f"{MOST_WORDS} claims"
    elif len(changed.lines) > MOST_LINES:
        what = f"{MOST_LINES} lines of orders"
    else:
        return
    raise Reject(RejectReason.TOO_LARGE, f"{known.key} holds {what} and no more: is it a placeholder?")


def _put_right(before: Known, known: Known, rules: Rules, out: Identified) -> Known:
    """Tell what is resolved now and was not before, take back what is resolved otherwise; the record as it then is."""
    was, now = standing(before, rules), standing(known, rules)
    turns = {(one.name, one.shipment): one for one in known.turns}
    _take_back_events(before, was, now, turns, out)
    _put_lines_right(before, known, was, now, turns, out)
    _tell_events(before, known, was, now, turns, out)
    known = replace(known, turns=tuple(turns[one] for one in sorted(turns)))
    out.alerts += alerts_between(before, was, known, now)
    known, alerts = settled(known, now, rules)
    out.alerts += alerts
    return known


Turns = dict[tuple[str, str], Turn]


def _take_back_events(before: Known, was: Standing, now: Standing, turns: Turns, out: Identified) -> None:
    for event_id, one in first_told(before).items():
        told_at = was.events[event_id].shipment
        if told_at is None or now.events[event_id].shipment == told_at:
            continue
        shipment = shipment_key(*told_at)
        out.events.append((shipment, taken_back(decode_event(one.body), *told_at, _times(turns, event_id, shipment))))
        out.counts["taken_back"] += 1
        _turn(turns, event_id, shipment)


def _tell_events(
    before: Known, known: Known, was: Standing, now: Standing, turns: Turns, out: Identified
) -> None:
    held_before = set(before.held)
    for one in known.held:
        ruling, old = now.events[one.event_id], was.events.get(one.event_id)
        if ruling.shipment is None or (
            old is not None and old.shipment == ruling.shipment and one in held_before
        ):
            continue
        shipment = shipment_key(*ruling.shipment)
        event = decode_event(one.body)
        corrected = 0 if event.corrects is None else _times(turns, event.corrects, shipment)
        times = _times(turns, one.event_id, shipment)
        out.events.append((shipment, resolved(event, *ruling.shipment, ruling.said_by, times, corrected)))
        out.counts["resolved"] += 1


def _put_lines_right(
    before: Known, known: Known, was: Standing, now: Standing, turns: Turns, out: Identified
) -> None:
    """Withdraw what lines claimed of another shipment, with the time it was told with; tell what they claim, each with
    its own time. What is said after a withdrawal, or takes the place of a newer line, is said in another turn."""
    told = {one: _reference(known.key, line, one[1], turns) for one, line in _claimed(before, was).items()}
    meant = _claimed(known, now)
    for (name, shipment), gone in told.items():
        if (name, shipment) in meant:
            continue
        out.references.append(replace(gone, withdrawn=True))
        out.counts["lines_taken_back"] += 1
        _turn(turns, name, shipment_key(*shipment))
    for (name, shipment), line in meant.items():
        old, new = told.get((name, shipment)), _reference(known.key, line, shipment, turns)
        if old == new:
            continue
        if old is not None and age_of(new) < age_of(old):
            _turn(turns, name, shipment_key(*shipment))
            new = _reference(known.key, line, shipment, turns)
        out.references.append(new)
        out.counts["lines_resolved"] += 1


def _claimed(known: Known, ruled: Standing) -> dict[tuple[str, _Shipment], Line]:
    """What is claimed of which shipment; by the newest of the lines that mean it."""
    claimed: dict[tuple[str, _Shipment], Line] = {}
    for line in known.lines:
        ruling = ruled.lines.get(line.name)
        if ruling is None or ruling.shipment is None:
            continue
        what = line.claim, ruling.shipment
        other = claimed.get(what)
        if other is None or age_of_line(line) > age_of_line(other):
            claimed[what] = line
    return claimed


def _times(turns: Turns, name: str, shipment: str) -> int:
    turn = turns.get((name, shipment))
    return 0 if turn is None else turn.times


def _turn(turns: Turns, name: str, shipment: str) -> None:
    turns[name, shipment] = Turn(name, shipment, _times(turns, name, shipment) + 1)


def _reference(by: str, line: Line, shipment: _Shipment, turns: Turns) -> OrderReference:
    """The line's claim by the reference. What claims the shipment otherwise is not touched by it
    (``shipments/claims/standing.py``)."""
    return OrderReference(
        *shipment, line.order_id, line.delivery_id, line.customer_id, line.promised_delivery_at, line.said_at, False,
        line.order_value, line.currency, by, _times(turns, line.claim, shipment_key(*shipment)),
    )
