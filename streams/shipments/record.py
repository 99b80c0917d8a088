"""The shipments stage's own record of one shipment, kept small and quick to read and write.

The record is a function of the *set* of what was accepted, never of the order it came in (but for ``Shipment.ways``):
events lie in event-time order, links by order and delivery, and everything else is folded from them
(``status_machine.py``). It is stored as a MessagePack array: new fields go to the end, with a default.
"""

from __future__ import annotations

from msgspec import Struct, msgpack

from streams.contracts.claim_order import ClaimWord
from streams.contracts.estimate import Estimate
from streams.contracts.ids import digest
from streams.contracts.model import CarrierEvent, Location, OrderLink, ProofOfDelivery, Sighting
from streams.kernel.vocabulary import (
    RANK,
    STATUS_OF,
    AlertKind,
    Classifier,
    Correction,
    ExceptionType,
    Flag,
    LinkKind,
    Milestone,
    Reason,
    Status,
)
from streams.shipments.notifications.occurrences import kept, source_number

ID_BYTES = 16


class Story(Struct, frozen=True, array_like=True, gc=False):
    """What has to be told of an event later, when its order becomes known. ``reports``: the sources that told of it
    (``sameness.kept``), each once, in ascending order."""

    occurred_at: int
    utc_offset_minutes: int | None
    location: Location | None
    proof_of_delivery: ProofOfDelivery | None
    reports: tuple[int, ...] = ()


class Entry(Struct, frozen=True, array_like=True, gc=False):
    """One distinct event in a shipment's history; its id lies at the same place in ``Shipment.seen``.

    ``at`` orders the history: the event time, but for a forecast or a time flagged as in the future no
    later than the receipt. ``corrects``: id of the event this one voids, or empty. ``own``: stands for the carrier's
    own id of the event, 0 without one; of several that share it, those received last hold. ``told_by``: the feed an
    estimate came by. ``piece``: the one it is about, empty for the whole shipment. ``paths``: how it came from other
    numbers (``links.path_of``), ascending; none for the number's own. ``origin``: of one seen here otherwise than it
    was told (``parts.sight_of``), the id it was told under; corrections name that. ``disowns``: the one it
    voids is another shipment's, or nobody's, as the identity stage found (``status.strangers``). ``found``: it is the
    shipment's as that stage found, by a reference.
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
    told_by: str = ""
    piece: str = ""
    paths: tuple[str, ...] = ()
    origin: bytes | None = None
    disowns: bool = False
    found: bool = False


class Receipt(Struct, frozen=True, array_like=True, gc=False):
    """The head of an :class:`Entry`, for reading no more than it."""

    at: int
    received_at: int


class Withdrawal(Struct, frozen=True, array_like=True, gc=False):
    """A claim made by the number itself that stands no more, and when it was given up; older words count no more."""

    order_id: str
    delivery_id: str
    at: int


class FirstWord(Struct, frozen=True, array_like=True, gc=False):
    """When the number itself was first said to be an order's, where that was said again since."""

    order_id: str
    delivery_id: str
    at: int


class Raised(Struct, frozen=True, array_like=True, gc=False):
    """An alert the clock has raised. ``since``: when it fell due, UTC ms."""

    kind: AlertKind
    since: int


class Whole(Struct, frozen=True, array_like=True, gc=False):
    """A shipment, ``CARRIER:REFERENCE``, this number is a part of; ``at``: when that was said, UTC ms."""

    key: str
    kind: LinkKind
    at: int
    withdrawn: bool = False


class Part(Struct, frozen=True, array_like=True, gc=False):
    """A number, ``CARRIER:REFERENCE``, that is a part of this shipment; ``claimed``: by an order of its own."""

    key: str
    kind: LinkKind
    claimed: bool = False


class Way(Struct, frozen=True, array_like=True, gc=False):
    """Numbers something came through and holds no more (``links.path_of``), and how new the newest word is that took it
    back (``parts.age_of``)."""

    path: str
    age: int


class Piece(Struct, frozen=True, array_like=True, gc=False):
    """A piece of the shipment: where it stands, and the bits of ``facts.FACTS`` known of it."""

    name: str
    status: Status = Status.UNKNOWN
    status_at: int | None = None
    facts: int = 0


class OpenException(Struct, frozen=True, array_like=True, gc=False):
    """Something wrong and not yet put right. ``reason`` is the latest one given, at ``reason_at``."""

    type: ExceptionType
    since: int
    reason: Reason
    reason_at: int


class Past(Struct, frozen=True, array_like=True, gc=False):
    """What is kept of the shipments that bore the number before (``reuse/archive.py``). ``lives``: how many;
    ``closed_at``, ``status``: when, in event time, and how the last one ended. ``claims``: of each order's claim on
    them the first bytes of its digest, ``heard``: of each event the first bytes of its id, side by side and ascending.
    ``begun``: another has begun; until then what is later than the past is held. ``said_at``: receipt of the last word
    of it."""

    lives: int
    closed_at: int
    status: Status
    claims: bytes = b""
    heard: bytes = b""
    begun: bool = False
    said_at: int = 0


class Shipment(Struct, array_like=True, gc=False):
    """Everything known of one shipment. ``leader``: place in the history of the event that leads the status.

    ``seen`` holds the ids of the history side by side, 16 bytes each; ``voided`` the ids that corrections
    took out of it. ``link_times`` goes with ``orders``. ``facts``: bits of ``facts.FACTS`` already known.
    ``sources``: whoever told of something worth telling, ascending; ``told``: how often each kind of news happened, as
    far as they tell (``notifications/numbering.py``). ``estimate_at``: event time of the event that stated the
    estimate, ``estimate_by`` its feed. ``withdrawn``: claims given up (``claims/standing.py``), by order and delivery.
    ``first_heard_at``, ``heard_at``: receipt of the first and the latest event; ``proved``: some proof of delivery has
    come; ``raised``: alerts of the clock (``timers/deadlines.py``). ``wholes`` and ``parts``: numbers that belong
    together (``linked/propagation.py``), by key; ``pieces``: by name. ``past``: of a number that was used before.
    ``earlier``: estimates given up (``contracts/estimate.py``); ``dwells_told``: its dwells are learnt from
    (``timers/dwells.py``). ``words``: all words of the claims that some reference makes, or the number in another turn,
    by order, delivery and reference (``claims/standing.py``); of the others ``orders`` and ``withdrawn`` tell
    everything. ``strangers``: how many events of the history are not of it (``status_machine.py``). ``since``: of
    claims that were said again, by order and delivery, when first; ``former``: the record of the shipment that bore the
    number before, where it has ended and is not archived (``reuse/split.py``). ``ways``: taken back, by path: by them
    it is known what comes again that was told before; of all that is kept here, they alone tell of the way and not of
    the end.
    """

    carrier: str
    tracking_number: str
    seen: bytes = b""
    history: list[bytes] = []
    orders: list[OrderLink] = []
    link_times: list[int] = []
    voided: bytes = b""
    status: Status = Status.UNKNOWN
    status_at: int | None = None
    last_milestone: Milestone = Milestone.UNKNOWN
    last_event_at: int | None = None
    estimated_delivery_at: int | None = None
    delivered_at: int | None = None
    signed_by: str | None = None
    open: list[OpenException] = []
    leader: int = -1
    facts: int = 0
    last_at: int = 0
    last_rank: int = -2
    updated_at: int = 0
    sources: tuple[int, ...] = ()
    told: bytes = b""
    first_estimate: int | None = None
    estimate_at: int | None = None
    estimate_by: str = ""
    estimate_changes: int = 0
    withdrawn: tuple[Withdrawal, ...] = ()
    first_heard_at: int | None = None
    heard_at: int | None = None
    proved: bool = False
    raised: tuple[Raised, ...] = ()
    wholes: tuple[Whole, ...] = ()
    parts: tuple[Part, ...] = ()
    pieces: tuple[Piece, ...] = ()
    past: Past | None = None
    earlier: tuple[Estimate, ...] = ()
    dwells_told: bool = False
    words: tuple[ClaimWord, ...] = ()
    strangers: int = 0
    since: tuple[FirstWord, ...] = ()
    former: bytes = b""
    ways: tuple[Way, ...] = ()

    @property
    def archived(self) -> bool:
        """True for what is kept of a shipment once it is archived, until another begins under its number."""
        return self.past is not None and not self.past.begun

    @property
    def life(self) -> int:
        """Which shipment under its number it is: 1, 2 ..."""
        return 1 if self.past is None else self.past.lives + self.past.begun

    @property
    def salt(self) -> tuple[str, ...]:
        """What makes its ids others than those of the shipments that bore the number before."""
        return () if self.past is None else (f"life {self.life}",)

    @property
    def standing(self) -> Status:
        """The status as others read it: planned while an order expects the shipment and no event moved it."""
        if self.past is not None and not self.past.begun:
            return self.past.status
        if self.status is Status.UNKNOWN and self.orders:
            return Status.PLANNED
        return self.status


encode = msgpack.Encoder().encode
decode = msgpack.Decoder(Shipment).decode
"""A stored record back. Raises msgspec.DecodeError (or its ValidationError) where it is not one."""

decode_entry = msgpack.Decoder(Entry).decode
decode_receipt = msgpack.Decoder(Receipt).decode

RANK_OF: dict[Milestone, int] = {
    milestone: -1 if status is None else RANK[status] for milestone, status in STATUS_OF.items()
}
_ACTUAL = Classifier.ACTUAL
_NEW = Correction.NEW
_RETRACTS = Correction.RETRACTS
_FUTURE = Flag.TIMESTAMP_FUTURE.value
_RESOLVED_ANEW = Flag.RESOLVED_ANEW.value
_RESOLVED = frozenset(
    {Flag.RESOLVED_BY_EVENT.value, Flag.RESOLVED_BY_ORDER.value, Flag.RESOLVED_BY_PERSON.value, _RESOLVED_ANEW}
)


def rank_of(entry: Entry) -> int:
    """How far along the event says the shipment is; breaks ties between events of the same instant."""
    return RANK_OF[entry.milestone] if entry.actual else -1


def place_of(ids: bytes, event_id: bytes) -> int:
    """Which of the ids lying side by side is ``event_id``; -1 if none."""
    at = ids.find(event_id)
    while at > 0 and at % ID_BYTES:
        at = ids.find(event_id, at + 1)
    return at if at < 0 else at // ID_BYTES


def entry_of(event: CarrierEvent | Sighting, event_id: bytes, *, telling: bool, news: bool = False) -> Entry:
    """The history entry of an event. ``telling``: customers or the ERP may have to hear of it later; ``news``: it is of
    a kind that several sources may tell of."""
    actual = event.classifier is _ACTUAL
    at = event.occurred_at
    if not actual or (event.flags and _FUTURE in event.flags):
        at = min(at, event.received_at)
    corrects, retracts = b"", False
    if event.correction is not _NEW and event.corrects is not None:
        corrects = bytes.fromhex(event.corrects)
        corrects = b"" if corrects == event_id else corrects
        retracts = event.correction is _RETRACTS
    story = None
    if telling or event.proof_of_delivery is not None:
        reports: tuple[int, ...] = ()
        if news and not retracts:
            source = event.source
            reports = (kept(source.feed, source.channel, event.precision, event.zone_assumed),)
        story = Story(event.occurred_at, event.utc_offset_minutes, event.location, event.proof_of_delivery, reports)
    return Entry(
        at, event.received_at, event.milestone, actual, event.exception, event.reason,
        event.estimated_delivery_at, corrects, retracts, story,
        0 if event.carrier_event_id is None else int(digest(event.carrier_event_id)[:15], 16),
        "" if event.estimated_delivery_at is None else event.source.feed,
        event.piece or "",
        disowns=retracts and _RESOLVED_ANEW in event.flags,
        found=bool(event.flags) and not _RESOLVED.isdisjoint(event.flags),
    )  # fmt: skip


def source_of_event(event: CarrierEvent | Sighting) -> int:
    """Who tells of it."""
    return source_number(event.source.feed, event.source.channel)
