"""Deliveries and their bookings, from ``booking.state.v1``; and people's decisions about them."""

from __future__ import annotations

from typing import NamedTuple

from config import topics
from config.settings import Settings
from connectors.bookings import declared
from connectors.kafka.person_actions import Act, audited, take
from connectors.kafka.producer import Record
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_reader import latest, newest
from streams.bookings.cancellations import actions_for, decided_at, decision_under, open_in
from streams.bookings.choice import Wish
from streams.bookings.record import candidates_of
from streams.contracts.audit import Actor, details_of
from streams.contracts.bookings import BookingDecision, BookingState, Candidate, MatchedInvoice
from streams.kernel.audit_vocabulary import SubjectKind
from streams.kernel.booking_vocabulary import BookingAction, BookingPhase
from streams.kernel.errors import Fatal

LONGEST_REASON = 500
DONE = frozenset({BookingPhase.BOOKED, BookingPhase.CANCELLED})
_ENDLESS = 1 << 62


class Chosen(NamedTuple):
    """A carrier that a person wants asked first; empty: whoever is next."""

    carrier: str = ""
    service: str = ""


NOBODY = Chosen()
"""Whoever is next."""


class Invoiced(NamedTuple):
    """A freight invoice and its delivery."""

    delivery_id: str
    order_id: str
    match: MatchedInvoice


def deliveries(
    settings: Settings, phase: BookingPhase | None = None, *, whole: bool = False
) -> list[BookingState]:
    """Deliveries without a carrier, or with one that does not take its cancellation, the most urgent first; ``whole``:
    all others after them. Raises Transient."""
    wanted = [
        one for one in latest(settings, Registry(settings), topics.BOOKING_STATE, BookingState).values()
        if (one.phase is phase if phase is not None else whole or one.phase not in DONE or open_in(one))
    ]
    return sorted(wanted, key=_urgency)


def invoices(settings: Settings, *, whole: bool = False) -> list[Invoiced]:
    """Freight invoices that differ from their bookings, the latest first; ``whole``: the others, too. Raises
    Transient."""
    known = latest(settings, Registry(settings), topics.BOOKING_STATE, BookingState).values()
    found = [
        Invoiced(one.delivery_id, one.order_id, match) for one in known for match in one.invoices
        if whole or match.mismatches
    ]
    return sorted(found, key=lambda one: (-one.match.invoice.invoiced_at, one.match.invoice.invoice_id))


def known_of(settings: Settings, delivery_id: str) -> BookingState:
    """The delivery. Raises Fatal where nothing is known of it, Transient."""
    found = newest(settings, Registry(settings), topics.BOOKING_STATE, BookingState, delivery_id)
    if found is None:
        raise Fatal(f"nothing is known of delivery {delivery_id}; shipsync bookings list --all shows those there are")
    return found


def choice(settings: Settings, known: BookingState, at: int, chosen: Chosen = NOBODY) -> list[Candidate]:
    """The carriers' services as they would be chosen at this time, UTC ms; nothing is asked. Raises Fatal for a faulty
    file of rules."""
    wish = Wish(chosen.carrier, chosen.service, "you") if chosen.carrier else None
    return candidates_of(known, declared.load(settings.bookings.file).rules, at, wish)


def check(known: BookingState, action: BookingAction, reason: str) -> None:
    """Raises Fatal for a decision that is not possible as the delivery stands, or has no reason."""
    if not reason.strip() or len(reason) > LONGEST_REASON or not reason.isprintable():
        raise Fatal(f"give the reason, in at most {LONGEST_REASON} characters that can be shown")
    if action not in actions_for(known):
        possible = ", ".join(one.value for one in actions_for(known)) or "nothing"
        raise Fatal(
            f"delivery {known.delivery_id} is {known.phase.value}: {action.value} changes nothing there;"
            f" possible: {possible}"
        )


def check_choice(settings: Settings, known: BookingState, chosen: Chosen, at: int) -> None:
    """Raises Fatal for a carrier that may not be asked for the delivery, with the reason."""
    if not chosen.carrier:
        return
    found = [
        one for one in choice(settings, known, at)
        if one.carrier == chosen.carrier and chosen.service in ("", one.service)
    ]
    if not found:
        name = f"{chosen.carrier} {chosen.service}".rstrip()
        raise Fatal(f"no carrier {name} is declared; see shipsync bookings check")
    if not any(one.fits for one in found):
        raise Fatal(f"{found[0].carrier} {found[0].service} does not fit: {found[0].reason}")


def decide(
    settings: Settings, known: BookingState, action: BookingAction, reason: str, actor: Actor, at: int,
    chosen: Chosen = NOBODY, key: str = "",
) -> BookingDecision:
    """Write what a person decided about a delivery, and the audit of it; nothing where one that counts has this
    ``key``. ``at``: UTC ms. Raises Fatal as :func:`check` and :func:`check_choice`, and Transient."""
    kept = decision_under(known, key)
    if kept is not None:
        return kept
    check(known, action, reason)
    check_choice(settings, known, chosen, at)
    at = max(at, decided_at(known) + 1)
    decision = BookingDecision(
        known.delivery_id, action, actor.name, reason.strip(), at, chosen.carrier, chosen.service, key
    )
    registry = Registry(settings)
    value = ValueCodec(topics.BOOKING_DECISIONS, BookingDecision, registry).encode(decision)
    details = {"order": known.order_id, "phase": known.phase.value, "reason": decision.reason}
    if chosen.carrier:
        details["carrier"] = f"{chosen.carrier} {chosen.service}".strip()
    audit = audited(
        actor, at, f"booking.{action.value}", SubjectKind.DELIVERY, known.delivery_id, details=details_of(details)
    )
    record = Record(topics.BOOKING_DECISIONS.name, known.delivery_id.encode(), value)
    take(settings, [Act(audit, [record])], registry)
    return decision


def _urgency(one: BookingState) -> tuple[bool, int, int, str]:
    deadlines = [told.deadline for item in open_in(one) if (told := item.cancellation) is not None]
    if one.phase in DONE and not deadlines:
        return True, _ENDLESS, -one.updated_at, one.delivery_id
    if one.wait is not None and one.wait.deadline is not None:
        deadlines.append(one.wait.deadline)
    return False, min(deadlines, default=_ENDLESS), one.updated_at, one.delivery_id
