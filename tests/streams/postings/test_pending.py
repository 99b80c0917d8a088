"""Each posting says where it is, and why it is not posted yet."""

from __future__ import annotations

from streams.contracts.outbound import OutboundOutcome
from streams.kernel.vocabulary import Correction, OutboundStatus
from streams.postings.pending import placed
from tests.support.posting_inputs import NOW


def outcome(name: str, status: OutboundStatus, **changes: object) -> OutboundOutcome:
    return OutboundOutcome(**{
        "message_id": name, "source_id": name, "destination": "erp:main", "owner": "main", "queue": "800123",
        "kind": "goods_issue", "correction": Correction.NEW, "status": status, "attempts": 1, "queued_at": NOW,
        "at": NOW, **changes,
    })


def test_what_waits_for_a_person_comes_first_and_names_what_the_erp_said() -> None:
    found = placed([
        outcome("m1", OutboundStatus.SENT), outcome("m2", OutboundStatus.RETRYING, queue="800124", detail="down"),
        outcome("m3", OutboundStatus.HELD, detail="no such delivery"),
        outcome("m4", OutboundStatus.WAITING, kind="delivery_confirmation", attempts=0),
        outcome("m5", OutboundStatus.WAITING, queue="800125", attempts=0),
    ])
    assert [(one.outcome.message_id, one.why) for one in found] == [
        ("m3", "main refused it, and a person has to decide: no such delivery"),
        ("m2", "tried again: down"),
        ("m4", "behind the goods_issue of this delivery, which was refused"),
        ("m5", "its turn comes"),
        ("m1", ""),
    ]


def test_a_reversal_is_called_one() -> None:
    [one] = placed([outcome("m1", OutboundStatus.SENT, correction=Correction.RETRACTS)])
    assert one.what == "reversal of goods_issue"


def test_a_notice_is_called_one_also_where_it_takes_another_back() -> None:
    [one] = placed([outcome(
        "m1", OutboundStatus.SENT, destination="notices:main", kind="booking_cancelled", correction=Correction.RETRACTS,
    )])
    assert one.what == "notice of booking_cancelled"
    assert one.is_notice
