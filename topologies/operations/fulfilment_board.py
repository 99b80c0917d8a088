"""Deliveries and what they wait for, from ``fulfilment.state.v1``; and people's decisions about them."""

from __future__ import annotations

from config import topics
from config.settings import Settings
from connectors.kafka.person_actions import Act, audited, take
from connectors.kafka.producer import Record
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_reader import latest, newest
from streams.contracts.audit import Actor, details_of
from streams.contracts.model import FulfilmentDecision, FulfilmentState
from streams.fulfilment.machine import MAY_DECIDE, actions_in
from streams.kernel.audit_vocabulary import SubjectKind
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import FulfilmentAction, WaitKind

LONGEST_REASON = 500
_ENDLESS = 1 << 62


def waiting(settings: Settings, kind: WaitKind | None = None, *, whole: bool = False) -> list[FulfilmentState]:
    """Deliveries that wait, the most urgent first; ``whole``: all others after them. ``kind``: only those that wait for
    this. Raises Transient."""
    found = latest(settings, Registry(settings), topics.FULFILMENT_STATE, FulfilmentState).values()
    wanted = [
        one for one in found
        if (whole or one.wait is not None) and (kind is None or (one.wait is not None and one.wait.kind is kind))
    ]
    return sorted(wanted, key=_urgency)


def known_of(settings: Settings, delivery_id: str) -> FulfilmentState:
    """The delivery. Raises Fatal where nothing is known of it, Transient."""
    found = newest(settings, Registry(settings), topics.FULFILMENT_STATE, FulfilmentState, delivery_id)
    if found is None:
        raise Fatal(f"nothing is known of delivery {delivery_id}; shipsync fulfilment list --all shows those there are")
    return found


def check(known: FulfilmentState, action: FulfilmentAction, reason: str) -> None:
    """Raises Fatal for a decision that is not possible as the delivery stands, or has no reason."""
    if not reason.strip() or len(reason) > LONGEST_REASON or not reason.isprintable():
        raise Fatal(f"give the reason, in at most {LONGEST_REASON} characters that can be shown")
    if known.phase not in MAY_DECIDE[action]:
        possible = ", ".join(one.value for one in actions_in(known.phase)) or "nothing"
        raise Fatal(
            f"delivery {known.delivery_id} is {known.phase.value}: {action.value} changes nothing there;"
            f" possible: {possible}"
        )


def decide(
    settings: Settings, known: FulfilmentState, action: FulfilmentAction, reason: str, actor: Actor, at: int
) -> FulfilmentDecision:
    """Write what a person decided about a delivery, and the audit of it. ``at``: UTC ms. Raises Fatal as :func:`check`,
    and Transient."""
    check(known, action, reason)
    if known.decision is not None:
        at = max(at, known.decision.at + 1)
    decision = FulfilmentDecision(known.delivery_id, action, actor.name, reason.strip(), at)
    registry = Registry(settings)
    value = ValueCodec(topics.FULFILMENT_DECISIONS, FulfilmentDecision, registry).encode(decision)
    audit = audited(
        actor, at, f"delivery.{action.value}", SubjectKind.DELIVERY, known.delivery_id,
        details=details_of({"order": known.order_id, "phase": known.phase.value, "reason": decision.reason}),
    )
    record = Record(topics.FULFILMENT_DECISIONS.name, known.delivery_id.encode(), value)
    take(settings, [Act(audit, [record])], registry)
    return decision


def _urgency(one: FulfilmentState) -> tuple[bool, int, int, str]:
    wait = one.wait
    if wait is None:
        return True, _ENDLESS, -one.updated_at, one.delivery_id
    return False, _ENDLESS if wait.deadline is None else wait.deadline, wait.since, one.delivery_id
