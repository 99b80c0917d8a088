"""People's decisions about deliveries: possible ones are written with their audit, others say what is possible."""

from __future__ import annotations

import pytest

from config.settings import Settings
from streams.contracts.audit import Actor
from streams.contracts.model import AuditAction, FulfilmentState
from streams.fulfilment.step import step
from streams.kernel.audit_vocabulary import ActionChannel, ActorKind
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import DeliveryPhase, FulfilmentAction, Milestone
from tests.support.fulfilment_world import DELIVERY, NOON, policies, told
from topologies.operations import fulfilment_board
from topologies.operations.fulfilment_board import check, decide, waiting

OLGA = Actor("Olga Fink", ActorKind.PERSON, ActionChannel.TOWER)


def delivery(*milestones: Milestone, rules: str = "proof") -> FulfilmentState:
    return step([told(one) for one in milestones], {}, policies(rules), NOON).states[DELIVERY]


def test_a_decision_has_a_reason_and_is_possible() -> None:
    held = delivery(Milestone.DELIVERED)
    check(held, FulfilmentAction.WAIVE, "agreed")
    for reason in ("", "  ", "x" * 501, "a\x00b"):
        with pytest.raises(Fatal, match="give the reason"):
            check(held, FulfilmentAction.WAIVE, reason)
    confirmed = delivery(Milestone.DELIVERED, Milestone.POD_RECEIVED)
    assert confirmed.phase is DeliveryPhase.CONFIRMED
    with pytest.raises(Fatal, match="is confirmed: release changes nothing there; possible: nothing"):
        check(confirmed, FulfilmentAction.RELEASE, "agreed")
    with pytest.raises(Fatal, match="possible: waive, close"):
        check(delivery(Milestone.PICKED_UP), FulfilmentAction.RELEASE, "agreed")


def test_a_decision_is_written_with_its_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    monkeypatch.setattr(fulfilment_board, "take", lambda _, acts, __: taken.extend(acts))
    monkeypatch.setattr(fulfilment_board, "Registry", lambda _: None)
    monkeypatch.setattr(fulfilment_board, "ValueCodec", Codec)
    held = delivery(Milestone.DELIVERED)
    decision = decide(Settings(), held, FulfilmentAction.RELEASE, " the rest is back-ordered ", OLGA, NOON)
    assert (decision.by, decision.reason) == ("Olga Fink", "the rest is back-ordered")
    [act] = taken
    audit: AuditAction = act.audit
    assert (audit.action, audit.subject) == ("delivery.release", DELIVERY)
    assert [record.key for record in act.records] == [DELIVERY.encode()]
    held.decision = decision
    assert decide(Settings(), held, FulfilmentAction.CLOSE, "settled", OLGA, NOON).at == NOON + 1


def test_what_is_most_urgent_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    late, later, calm = delivery(Milestone.DELIVERED), delivery(Milestone.POD_RECEIVED), delivery(Milestone.PICKED_UP)
    later.delivery_id = "D-2"
    known = {"D-3": calm, "D-2": later, "D-1": late}
    monkeypatch.setattr(fulfilment_board, "latest", lambda *_: known)
    monkeypatch.setattr(fulfilment_board, "Registry", lambda _: None)
    assert waiting(Settings()) == [late, later]
    assert waiting(Settings(), whole=True) == [late, later, calm]


class Codec:
    def __init__(self, *_: object) -> None:
        """As a ValueCodec."""

    def encode(self, value: object) -> bytes:
        return repr(value).encode()
