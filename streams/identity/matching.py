"""Whose a reference is: every shipment that is claimed to bear it, at that time, with that carrier.

A reference means one shipment only for a while: a claim counts for what happened within a span of the times it was
made about. A person's word beats all others. Exactly one shipment resolves; of several none is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct

from streams.identity.record import Held, Known, Line, Word
from streams.kernel.vocabulary import SaidBy

DAY_MS = 24 * 3_600_000
NOBODY = frozenset({"", "unknown", "edi"})
"""What stands for the carrier where a message or a partner's feed names none: any carrier's shipment can be meant."""
_STRENGTH = {SaidBy.PERSON: 0, SaidBy.ORDER: 1, SaidBy.EVENT: 2}


class Rules(Struct, frozen=True):
    """``span_ms``: how far a claim and what it is to resolve may lie apart. ``patience_ms``: how long an event waits
    before an alert; None: for ever."""

    span_ms: int = 180 * DAY_MS
    patience_ms: int | None = None


class Ruling(NamedTuple):
    """The shipments that could be meant, (carrier, number) in ascending order, and the strongest word for them."""

    shipments: tuple[tuple[str, str], ...]
    said_by: SaidBy

    @property
    def shipment(self) -> tuple[str, str] | None:
        """The one that is meant; None where there is none or more than one."""
        return self.shipments[0] if len(self.shipments) == 1 else None


UNHEARD_OF = Ruling((), SaidBy.EVENT)


def rule(words: Iterable[Word], carrier: str, at: int, span_ms: int) -> Ruling:
    """Who is meant by something of this carrier (one of ``NOBODY``: of any) at this time."""
    counting = [
        word for word in words
        if not word.withdrawn and word.since - span_ms <= at <= word.until + span_ms
    ]
    by_hand = [word for word in counting if word.said_by is SaidBy.PERSON]
    counting = by_hand or [word for word in counting if carrier in NOBODY or word.carrier == carrier]
    if not counting:
        return UNHEARD_OF
    strongest = min((word.said_by for word in counting), key=_STRENGTH.__getitem__)
    return Ruling(tuple(sorted({(word.carrier, word.tracking_number) for word in counting})), strongest)


class Standing(NamedTuple):
    """How everything that is to be resolved by a reference stands: by event id, and by the line's name."""

    events: dict[str, Ruling]
    lines: dict[str, Ruling]


def standing(known: Known, rules: Rules) -> Standing:
    """Of every event and of every line that is not withdrawn, who is meant."""
    events: dict[str, Ruling] = {}
    for event_id, one in first_told(known).items():
        events[event_id] = rule(known.words, one.carrier, one.at, rules.span_ms)
    lines = {line.name: rule_line(known, line, rules) for line in known.lines if not line.withdrawn}
    return Standing(events, lines)


def rule_line(known: Known, line: Line, rules: Rules) -> Ruling:
    """Who is meant by an order's line."""
    return rule(known.words, line.carrier, line.said_at, rules.span_ms)


def first_told(known: Known) -> dict[str, Held]:
    """Of each event the version received first, of all sources."""
    first: dict[str, Held] = {}
    for one in known.held:
        other = first.get(one.event_id)
        if other is None or (one.received_at, one.body) < (other.received_at, other.body):
            first[one.event_id] = one
    return first
