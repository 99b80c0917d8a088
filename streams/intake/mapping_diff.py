"""Compares the events an edited mapping makes of a raw record with those published of it.

Part of the command line's re-map; no stage runs it. Two events are compared by what the shipments stage reads of them
(their *meaning*) and by the rest (their *words*): only another meaning changes a status, a customer's update or a
posting.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct

from streams.contracts.ids import digest
from streams.contracts.model import CarrierEvent
from streams.kernel.vocabulary import Correction, Flag

_DIGITS = 16
READ_FLAGS = frozenset({
    Flag.TIMESTAMP_FUTURE.value, Flag.DELIVERY_DOUBTFUL.value, Flag.CONFIRMED_BY_PERSON.value,
    Flag.RESOLVED_ANEW.value,
})
"""Flags that change what an event means to a shipment."""
RESOLVED = frozenset({
    Flag.RESOLVED_BY_EVENT.value, Flag.RESOLVED_BY_ORDER.value, Flag.RESOLVED_BY_PERSON.value,
    Flag.RESOLVED_ANEW.value,
})
"""Flags of the events that the identity stage made of an unresolved one."""
_NOT_THE_MAPPINGS = frozenset({*RESOLVED, Flag.REMAPPED.value, Flag.CONTROL_NUMBER_REPEATED.value})
MEANING = (
    "carrier", "tracking_number", "milestone", "classifier", "occurred_at", "exception", "reason", "location",
    "estimated_delivery_at", "proof_of_delivery", "piece", "utc_offset_minutes", "zone_assumed", "precision",
    "piece_count", "carrier_shipment_id",
)
WORDS = (
    "carrier_code", "carrier_text", "references", "stated_at", "leg", "carrier_event_id", "estimated_delivery_from",
)
FLAGS = "flags"


class Verdict(StrEnum):
    """Says how an edited mapping changes a raw record's events. ``words``: they mean the same, and are worded
    otherwise."""

    UNCHANGED = "unchanged"
    WORDS = "words"
    CHANGED = "changed"
    ADDED = "added"
    GONE = "gone"


class Known(Struct, frozen=True, gc=False):
    """A published event, as much as a comparison needs. ``key``: CARRIER:NUMBER or, without a number, empty."""

    key: str
    event_id: str
    corrects: str | None
    meaning: str
    words: str
    is_remapped: bool
    is_resolved: bool


def is_retraction(event: CarrierEvent) -> bool:
    """Whether it only takes another event back."""
    return event.correction is Correction.RETRACTS


def is_remapped(event: CarrierEvent) -> bool:
    """Whether an earlier re-map published it."""
    return Flag.REMAPPED.value in event.flags


def is_resolved(event: CarrierEvent) -> bool:
    """Whether the identity stage published it."""
    return not RESOLVED.isdisjoint(event.flags)


def meaning_of(event: CarrierEvent) -> tuple[Any, ...]:
    """Returns the fields the shipments stage reads of an event; of a retraction, those that name the event it takes
    back."""
    if is_retraction(event):
        return Correction.RETRACTS, event.carrier, event.tracking_number, event.corrects
    flags = frozenset(READ_FLAGS.intersection(event.flags))
    return (*(getattr(event, name) for name in MEANING), flags)


def words_of(event: CarrierEvent) -> tuple[Any, ...]:
    """The rest that a mapping decides."""
    if is_retraction(event):
        return ()
    flags = frozenset(event.flags) - READ_FLAGS - _NOT_THE_MAPPINGS
    return (*(getattr(event, name) for name in WORDS), tuple(sorted(flags)))


def digest_of(values: tuple[Any, ...]) -> str:
    """A digest of a meaning or of words: 16 hex digits."""
    return digest(repr([sorted(one) if isinstance(one, frozenset) else one for one in values]))[:_DIGITS]


_NO_WORDS = digest_of(())
"""Holds the digest of a retraction's words: it has none."""


def known_of(event: CarrierEvent, key: str) -> Known:
    """The part of a published event that is kept for a comparison."""
    return Known(
        key, event.event_id, event.corrects, digest_of(meaning_of(event)), digest_of(words_of(event)),
        is_remapped(event), is_resolved(event),
    )


def in_force(published: Iterable[Known], replaced: Container[str]) -> list[Known]:
    """The published events of one raw record that stand for what a mapping said of it: with the corrections of earlier
    re-maps, without what the identity stage made of them. ``replaced``: ids that earlier re-maps corrected."""
    return [
        one for one in published
        if not one.is_resolved and one.event_id not in replaced and not (one.is_remapped and one.words == _NO_WORDS)
    ]


def verdict(published: Sequence[Known], events: Sequence[CarrierEvent]) -> Verdict:
    """Compares one raw record's events: ``published`` are those in force, ``events`` the edited mapping's."""
    was = {(one.key == "", one.meaning) for one in published}
    now = {(not one.tracking_number, digest_of(meaning_of(one))) for one in events}
    if was == now:
        is_same = {one.words for one in published} == {digest_of(words_of(one)) for one in events}
        return Verdict.UNCHANGED if is_same else Verdict.WORDS
    if not published:
        return Verdict.ADDED
    return Verdict.CHANGED if events else Verdict.GONE


def fields_between(before: CarrierEvent, after: CarrierEvent) -> list[str]:
    """The names of the fields in which two events differ in meaning."""
    if is_retraction(before) is not is_retraction(after):
        return ["correction"]
    names = [name for name in MEANING if getattr(before, name) != getattr(after, name)]
    if READ_FLAGS.intersection(before.flags) != READ_FLAGS.intersection(after.flags):
        names.append(FLAGS)
    return names
