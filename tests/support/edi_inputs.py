"""Interchanges that were sent, and acknowledgements of them."""

from __future__ import annotations

from typing import Any

from streams.contracts.model import Acknowledgement, Interchange, MessageVerdict
from streams.kernel.vocabulary import Direction, Verdict

SENT_AT = 1_790_000_000_000
HOUR = 3_600_000
DAY = 24 * HOUR


def sent(control: str = "4711", at: int = SENT_AT, **changes: Any) -> Interchange:
    fields: dict[str, Any] = {
        "interchange_id": f"i-{control}", "feed": "north.edi", "syntax": "x12", "sender": "US", "receiver": "NORTH  ",
        "interchange_control": "000000009", "group_control": control, "kind": "204", "about": "D-80", "sent_at": at,
        **changes,
    }
    return Interchange(**fields)


def acknowledged(
    verdict: Verdict = Verdict.ACCEPTED, at: int = SENT_AT + HOUR, control: str = "04711",
    direction: Direction = Direction.RECEIVED,
) -> Acknowledgement:
    errors = ["5: AT8 missing"] if verdict is Verdict.REJECTED else []
    return Acknowledgement(
        f"a-{verdict}-{at}", "north.edi", direction, "x12", "US", "NORTH", "", control, verdict,
        [MessageVerdict("204", "0001", verdict, errors)], "", at, "raw.north.edi.v1", 0, 7,
    )
