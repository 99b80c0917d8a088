"""The EDI step: interchanges we sent and acknowledgements of partners in; alerts about missing and rejected ones out.

Reads ``edi.interchanges`` and ``edi.acknowledgements``, both keyed by feed; writes ``alert.signals`` and, as its state,
``edi.state``. The state of an exchange depends on the set of what was sent and received alone; the latest of several
acknowledgements counts. Times are UTC ms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from streams.contracts.model import Acknowledgement, AlertSignal, Exchange, Interchange
from streams.edi.exchange import (
    forget_at,
    key_of,
    new_exchange,
    with_acknowledgement,
    with_alerts,
    with_interchange,
    with_overdue_alert,
)
from streams.kernel.step_result import StepResult
from streams.kernel.vocabulary import Direction


class EdiOutputs(Struct):
    """Alerts about exchanges, raised and resolved."""

    alerts: list[AlertSignal] = field(default_factory=list)


def step(
    chunk: Sequence[Interchange | Acknowledgement], states: Mapping[str, Exchange | None]
) -> StepResult[EdiOutputs, Exchange]:
    """Take in a chunk. ``states``: FEED:PARTNER:CONTROL -> stored exchange; left unchanged.

    ``counts``: every item is one of sent, acknowledged (by a partner) and ours (our own acknowledgements, which expect
    none).
    """
    changed: dict[str, Exchange] = {}
    counts = Counter[str]()
    for item in chunk:
        if isinstance(item, Acknowledgement) and item.direction is Direction.SENT:
            counts["ours"] += 1
            continue
        key = key_of(item)
        known = changed.get(key) or states.get(key) or new_exchange(item)
        if isinstance(item, Interchange):
            changed[key] = with_interchange(known, item)
            counts["sent"] += 1
        else:
            changed[key] = with_acknowledgement(known, item)
            counts["acknowledged"] += 1
    out = EdiOutputs()
    for key, known in changed.items():
        changed[key], alerts = with_alerts(known)
        out.alerts += alerts
    return StepResult(out, changed, counts=counts)


def sweep(
    states: Mapping[str, Exchange], wait_ms: int | None, now_ms: int
) -> StepResult[EdiOutputs, Exchange | None]:
    """Finds the exchanges that are overdue, and those to forget. ``states``: the exchanges to examine, each of which is
    returned. ``wait_ms``: how long an acknowledgement may take; None: any time.

    ``counts``: overdue and forgotten.
    """
    out = EdiOutputs()
    changed: dict[str, Exchange | None] = {}
    forgotten = 0
    for key, known in states.items():
        ends_at = forget_at(known)
        if ends_at is not None and ends_at <= now_ms:
            changed[key] = None
            forgotten += 1
            continue
        changed[key], alerts = with_overdue_alert(known, wait_ms, now_ms)
        out.alerts += alerts
    counts = {"overdue": len(out.alerts), "forgotten": forgotten}
    return StepResult(out, changed, counts={name: count for name, count in counts.items() if count})
