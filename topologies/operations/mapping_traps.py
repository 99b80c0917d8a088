"""Traps of a new mapping: what is often wrong in one, and looks right in the events it gives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from connectors.drafting.words import meaning_of
from connectors.mapping.declared.words_law import folded
from streams.contracts.model import CarrierEvent
from streams.kernel.vocabulary import Classifier, Flag, Milestone, Precision

_FINAL = frozenset({Milestone.DELIVERED, Milestone.RETURNED})
_OWN_NUMBERS = frozenset({"po", "customer", "order", "invoice", "bol"})
"""Types of references that the shipper gives, not the carrier."""
FileEvent = tuple[str, CarrierEvent]


class Trap(Struct, frozen=True):
    """Describes a possible fault: its kind, what to look at, how many events show it, and a file with one of them."""

    kind: str
    says: str
    times: int
    file: str


def traps_in(events: Sequence[FileEvent], zone: str) -> list[Trap]:
    """Return the traps that these events, each with the name of its file, show. ``zone``: of the carrier's clocks."""
    actual = [one for one in events if one[1].classifier is Classifier.ACTUAL]
    proven = [one for one in actual
              if one[1].milestone is Milestone.DELIVERED and Flag.DELIVERY_DOUBTFUL.value not in one[1].flags]
    return [
        *_trap(
            "words_as_code", "the code is the carrier's words, and words change: map them under texts",
            (one for one in events if _is_words(one[1])),
        ),
        *_trap(
            "no_zone", "the time names no zone and was read as UTC: is zone: UTC that of the carrier's clocks?",
            (one for one in events if zone == "UTC" and _is_read_as_utc(one[1])),
        ),
        *_trap(
            "delivered_by_words", "delivered by words alone, without a code: mark them doubtful unless you are sure",
            (one for one in proven if not one[1].carrier_code),
        ),
        *_trap(
            "delivered_against_words", "delivered, yet the carrier's words say something else",
            (one for one in proven if meaning_of(one[1].carrier_text) not in (None, Milestone.DELIVERED)),
        ),
        *_trap(
            "one_code_of_many_words", "a final meaning by a code that stands beside words of other meanings",
            _of_many_words(actual),
        ),
        *_trap(
            "time_to_come", "the time lies in the future: an estimate or a plan taken for that of the scan?",
            (one for one in actual if Flag.TIMESTAMP_FUTURE.value in one[1].flags),
        ),
        *_trap(
            "number_is_reference", "the tracking number is also a reference: the PO taken for it?",
            (one for one in events if _is_a_reference(one[1])),
        ),
    ]


def _trap(kind: str, says: str, found: Iterable[FileEvent]) -> list[Trap]:
    files = [file for file, _ in found]
    return [Trap(kind, says, len(files), files[0])] if files else []


def _is_words(event: CarrierEvent) -> bool:
    code, text = folded(event.carrier_code), folded(event.carrier_text)
    return " " in code or (bool(code) and code == text and code.isalpha() and len(code) > 3)


def _is_a_reference(event: CarrierEvent) -> bool:
    number = event.tracking_number
    return bool(number) and any(one.value == number and one.type in _OWN_NUMBERS for one in event.references)


def _is_read_as_utc(event: CarrierEvent) -> bool:
    dated = event.precision is Precision.DATE_ONLY
    return event.zone_assumed and not dated and not event.utc_offset_minutes


def _of_many_words(events: Sequence[FileEvent]) -> list[FileEvent]:
    """The events with a final meaning whose code elsewhere stands beside words that mean something else."""
    meanings: dict[str, set[Milestone]] = {}
    for _, event in events:
        said = meaning_of(event.carrier_text)
        if event.carrier_code and said is not None:
            meanings.setdefault(event.carrier_code, set()).add(said)
    return [
        one for one in events
        if one[1].milestone in _FINAL and len(meanings.get(one[1].carrier_code, ())) > 1
        and meaning_of(one[1].carrier_text) is not one[1].milestone
    ]
