"""The facts of one tracking number: the events carriers reported, every version of every claim, links, and what is left
of archived shipments.

The facts are a function of the *set* of inputs, never of the order they came in (but for ``Facts.withdrawn_routes``).
``merge.py`` adds to them; everything else known of a shipment is projected from them (``project.py``). They are stored
as a MessagePack array: new fields go to the end, with a default.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct, msgpack

from streams.contracts.claim_order import ClaimVersion
from streams.contracts.estimate import Statement
from streams.contracts.ids import digest
from streams.contracts.model import CarrierEvent, Location, ProofOfDelivery, Sighting
from streams.kernel.vocabulary import (
    RANK,
    STATUS_OF,
    Classifier,
    Correction,
    ExceptionType,
    Flag,
    LinkKind,
    Milestone,
    Reason,
    Status,
)
from streams.shipments.audiences import HEARD_OF, NEWS_KINDS
from streams.shipments.occurrences.matching import encode_report, source_number

ID_BYTES = 16


class Story(Struct, frozen=True, array_like=True, gc=False):
    """Holds the details of an event that customers and the ERP are told beside its milestone. ``reports``: the sources
    that reported it (``matching.encode_report``), each once, ascending."""

    occurred_at: int
    utc_offset_minutes: int | None
    location: Location | None
    proof_of_delivery: ProofOfDelivery | None
    reports: tuple[int, ...] = ()


class Entry(Struct, frozen=True, array_like=True, gc=False):
    """One distinct event in a shipment's history; its id lies at the same place in ``Facts.seen``.

    ``at``: orders the history; the event time, but for a forecast or a time flagged as in the future no later than the
    receipt. ``corrects``: id of the event this one voids, or empty. ``own``: hash of the carrier's own event id, 0
    without one; of several that share it, those received last count. ``estimate_by``: the feed an estimate came by.
    ``piece``: the piece it is about, empty for the whole shipment. ``routes``: the linked numbers it came through
    (``link_paths.path_of``), ascending; none for the number's own events. ``origin``: the id it was reported under,
    where a parent sees it with another meaning (``propagation.seen_by_parent``); corrections name that id.
    ``disowns``: the event it voids is another shipment's, as the identity stage found. ``found``: the identity stage
    found, by a reference, that the event is this shipment's. ``certainty``: how sure a delivery is
    (``deliveries.py``). ``piece_count``: pieces the carrier counts, 0 if it says nothing. ``own_shipment``: hash of the
    carrier's own id of the shipment, 0 without one. ``estimate_from``: the beginning of the window that ends with the
    estimate. ``restated``: other estimates stated on the same event, in their order (``statements.py``).
    """

    at: int
    received_at: int
    milestone: Milestone
    actual: bool
    exception: ExceptionType
    reason: Reason
    estimated_delivery_at: int | None
    corrects: bytes
    retracts: bool
    story: Story | None
    own: int = 0
    estimate_by: str = ""
    piece: str = ""
    routes: tuple[str, ...] = ()
    origin: bytes | None = None
    disowns: bool = False
    found: bool = False
    certainty: int = 0
    piece_count: int = 0
    own_shipment: int = 0
    estimate_from: int | None = None
    restated: tuple[Statement, ...] = ()


class Parent(Struct, frozen=True, array_like=True, gc=False):
    """A shipment, ``CARRIER:REFERENCE``, that this number belongs to; ``at``: when the link was stated, UTC ms."""

    key: str
    kind: LinkKind
    at: int
    withdrawn: bool = False


class Child(Struct, frozen=True, array_like=True, gc=False):
    """A number, ``CARRIER:REFERENCE``, that belongs to this shipment; ``claimed``: by an order of its own."""

    key: str
    kind: LinkKind
    claimed: bool = False


class WithdrawnRoute(Struct, frozen=True, array_like=True, gc=False):
    """Linked numbers that events came through and come through no more (``link_paths.path_of``). ``version``: of the
    newest withdrawal (``propagation.version_of``)."""

    path: str
    version: int


class ArchiveStub(Struct, frozen=True, array_like=True, gc=False):
    """Keeps the remains of the archived shipments that had the number (``reuse/archive.py``). ``generations``: how
    many; ``closed_at``, ``status``: when, in event time, and how the last one ended. ``claims``: the first bytes of
    each claim's digest; ``events``: the first bytes of each event's id; side by side and ascending. ``received_at``:
    receipt of the last input about them, UTC ms."""

    generations: int
    closed_at: int
    status: Status
    claims: bytes = b""
    events: bytes = b""
    received_at: int = 0


class Facts(Struct, array_like=True, gc=False):
    """Keeps everything that was reported of a tracking number.

    ``seen``: the ids of the history side by side, 16 bytes each. ``history``: encoded entries, by time, rank and id
    (``sort_key``). ``claims``: the newest version of every claim by each thing that states it, by order, delivery and
    that thing. ``parents`` and ``children``: links, by key. ``withdrawn_routes``: by path; the one fact that depends on
    the order of inputs. ``stub``: of archived shipments under the number.
    """

    carrier: str
    tracking_number: str
    seen: bytes = b""
    history: list[bytes] = []
    claims: tuple[ClaimVersion, ...] = ()
    parents: tuple[Parent, ...] = ()
    children: tuple[Child, ...] = ()
    withdrawn_routes: tuple[WithdrawnRoute, ...] = ()
    stub: ArchiveStub | None = None


encode_entry = msgpack.Encoder().encode
_decode_entry = msgpack.Decoder(Entry).decode

RANK_OF: dict[Milestone, int] = {
    milestone: -1 if status is None else RANK[status] for milestone, status in STATUS_OF.items()
}
_ACTUAL = Classifier.ACTUAL
_NEW = Correction.NEW
_RETRACTS = Correction.RETRACTS
_FUTURE = Flag.TIMESTAMP_FUTURE.value
_CONFIRMED = Flag.CONFIRMED_BY_PERSON.value
_DOUBTFUL = Flag.DELIVERY_DOUBTFUL.value
_RESOLVED_ANEW = Flag.RESOLVED_ANEW.value
_RESOLVED = frozenset(
    {Flag.RESOLVED_BY_EVENT.value, Flag.RESOLVED_BY_ORDER.value, Flag.RESOLVED_BY_PERSON.value, _RESOLVED_ANEW}
)


LONGEST_ENTRY = 2_000
"""Bytes of an entry that is remembered: most have about 150."""


@lru_cache(maxsize=20_000)
def decode_entry(data: bytes) -> Entry:
    """An entry of the history. Raises msgspec.DecodeError where it is none."""
    return _decode_entry(data)


def entries_of(facts: Facts) -> list[Entry]:
    """The history, decoded."""
    return [(decode_entry if len(data) <= LONGEST_ENTRY else _decode_entry)(data) for data in facts.history]


def rank_of(entry: Entry) -> int:
    """Returns how far along the event puts the shipment; breaks ties between events of the same instant."""
    return RANK_OF[entry.milestone] if entry.actual else -1


def sort_key(event_id: bytes, entry: Entry) -> tuple[int, int, bytes]:
    """Orders the events of a history: by time, rank, id."""
    return entry.at, rank_of(entry), event_id


def place_for(facts: Facts, event_id: bytes, entry: Entry) -> int:
    """The place in the history where a new event belongs."""
    key, low, high = sort_key(event_id, entry), 0, len(facts.history)
    while low < high:
        middle = (low + high) // 2
        if sort_key(id_at(facts, middle), decode_entry(facts.history[middle])) < key:
            low = middle + 1
        else:
            high = middle
    return low


def place_of(ids: bytes, event_id: bytes) -> int:
    """The place of ``event_id`` among ids lying side by side; -1 where it is none of them."""
    at = ids.find(event_id)
    while at > 0 and at % ID_BYTES:
        at = ids.find(event_id, at + 1)
    return at if at < 0 else at // ID_BYTES


def id_at(facts: Facts, place: int) -> bytes:
    """The id of the event at ``place`` in the history."""
    return facts.seen[place * ID_BYTES : (place + 1) * ID_BYTES]


def origin_at(facts: Facts, place: int, entry: Entry) -> bytes:
    """The id under which the event at ``place`` was reported."""
    return entry.origin or id_at(facts, place)


def reports_of(entry: Entry) -> tuple[int, ...]:
    """The reports of an event that customers hear of; none of others."""
    return () if entry.story is None else entry.story.reports


def strangers(facts: Facts, entries: Sequence[Entry]) -> set[int]:
    """Places of the events found not to be the shipment's, and of those that say so; ``entries``: its history. They
    stay in the history and count for nothing."""
    disowned = {entry.corrects for entry in entries if entry.disowns}
    if not disowned:
        return set()
    return {
        place for place, entry in enumerate(entries)
        if entry.disowns or origin_at(facts, place, entry) in disowned
    }


def is_tied(facts: Facts) -> bool:
    """True where the number is linked to others: their histories need its record."""
    return bool(facts.children) or any(not parent.withdrawn for parent in facts.parents)


def entry_of(event: CarrierEvent | Sighting, event_id: bytes) -> Entry:
    """The history entry of an event."""
    actual = event.classifier is _ACTUAL
    at = event.occurred_at
    if not actual or (event.flags and _FUTURE in event.flags):
        at = min(at, event.received_at)
    corrects, retracts = b"", False
    if event.correction is not _NEW and event.corrects is not None:
        corrects = bytes.fromhex(event.corrects)
        corrects = b"" if corrects == event_id else corrects
        retracts = event.correction is _RETRACTS
    meaning = (event.milestone, event.exception, actual)
    story = None
    if meaning in HEARD_OF or event.proof_of_delivery is not None:
        reports: tuple[int, ...] = ()
        if meaning in NEWS_KINDS and not retracts:
            source = event.source
            reports = (encode_report(source.feed, source.channel, event.precision, event.zone_assumed),)
        story = Story(event.occurred_at, event.utc_offset_minutes, event.location, event.proof_of_delivery, reports)
    return Entry(
        at, event.received_at, event.milestone, actual, event.exception, event.reason,
        event.estimated_delivery_at, corrects, retracts, story,
        0 if event.carrier_event_id is None else int(digest(event.carrier_event_id)[:15], 16),
        "" if event.estimated_delivery_at is None else event.source.feed,
        event.piece or "",
        disowns=retracts and _RESOLVED_ANEW in event.flags,
        found=bool(event.flags) and not _RESOLVED.isdisjoint(event.flags),
        certainty=_certainty(event), piece_count=event.piece_count or 0,
        own_shipment=0 if event.carrier_shipment_id is None else int(digest(event.carrier_shipment_id)[:15], 16),
        estimate_from=event.estimated_delivery_from,
    )  # fmt: skip


def _certainty(event: CarrierEvent | Sighting) -> int:
    """``Entry.certainty``: 1 where a person confirmed the delivery, -1 where its mapping doubts it, else 0."""
    if not event.flags or event.milestone is not Milestone.DELIVERED:
        return 0
    return int(_CONFIRMED in event.flags) - int(_DOUBTFUL in event.flags and _CONFIRMED not in event.flags)


def source_of_event(event: CarrierEvent | Sighting) -> int:
    """The number of the source that reports the event."""
    return source_number(event.source.feed, event.source.channel)
