"""The stored record of one shipment: its facts, what they mean, and what the clock has raised of it."""

from __future__ import annotations

from msgspec import Struct, msgpack

from streams.contracts.estimate import Estimate
from streams.contracts.model import OrderLink
from streams.kernel.vocabulary import AlertKind, ExceptionType, Milestone, Reason, Status
from streams.shipments.facts import Facts


class Raised(Struct, frozen=True, array_like=True, gc=False):
    """An alert the clock has raised. ``since``: when it fell due, UTC ms."""

    kind: AlertKind
    since: int


class Piece(Struct, frozen=True, array_like=True, gc=False):
    """A piece of the shipment: its status, and the bits of ``audiences.FACTS`` known of it."""

    name: str
    status: Status = Status.UNKNOWN
    status_at: int | None = None
    known: int = 0


class OpenException(Struct, frozen=True, array_like=True, gc=False):
    """An exception not yet resolved. ``reason``: the latest one given, at ``reason_at``."""

    type: ExceptionType
    since: int
    reason: Reason
    reason_at: int


class View(Struct, array_like=True, gc=False):
    """Holds the meaning of the facts: projected from them, never corrected by hand. Times are UTC ms.

    ``generation``: which shipment under its number it is, 1, 2 ...; ``archived``: the last one is archived and no
    other has begun. ``leader``: place in the history of the event that set the status. ``known``: bits of
    ``audiences.FACTS`` that events reported. ``last_at``, ``last_rank``: of the last event. ``voided``: ids that
    corrections took out, side by side; ``strangers``: how many events are not this shipment's. ``estimate_at``: when
    the estimate was stated: event time of its event or, where it was stated on that anew, its receipt;
    ``estimate_by``: its feed; ``estimated_delivery_from``: the beginning of its window. ``first_received_at``,
    ``last_received_at``: receipt of the first and the latest event. ``proved``: a proof of delivery has come.
    ``sources``: whoever reported news, ascending; ``counts``: occurrences of each kind of news, by its number.
    ``doubtful``: when deliveries that are held back were reported, UTC ms, ascending. ``piece_count``: the pieces the
    carrier counts, 0 if it says nothing. ``confirmed``: a person confirmed a delivery. ``own_shipment``: hash of the
    carrier's own id of the shipment, 0 without one.
    ``standing`` and ``given_up``: places in ``Facts.claims`` of the versions that standing claims go by, and of those
    by which the number itself gave claims up. ``updated_at``: receipt of the latest event, or time of the latest claim.
    """

    generation: int = 1
    archived: bool = False
    status: Status = Status.UNKNOWN
    status_at: int | None = None
    last_milestone: Milestone = Milestone.UNKNOWN
    last_event_at: int | None = None
    estimated_delivery_at: int | None = None
    delivered_at: int | None = None
    signed_by: str | None = None
    open: list[OpenException] = []
    leader: int = -1
    known: int = 0
    last_at: int = 0
    last_rank: int = -2
    updated_at: int = 0
    sources: tuple[int, ...] = ()
    counts: dict[int, int] = {}
    first_estimate: int | None = None
    estimate_at: int | None = None
    estimate_by: str = ""
    estimate_changes: int = 0
    earlier_estimates: tuple[Estimate, ...] = ()
    first_received_at: int | None = None
    last_received_at: int | None = None
    proved: bool = False
    pieces: tuple[Piece, ...] = ()
    voided: bytes = b""
    strangers: int = 0
    standing: tuple[int, ...] = ()
    given_up: tuple[int, ...] = ()
    doubtful: tuple[int, ...] = ()
    piece_count: int = 0
    confirmed: bool = False
    own_shipment: int = 0
    estimated_delivery_from: int | None = None


class Shipment(Struct, array_like=True, gc=False):
    """A shipment: its facts, their view, and what the clock brought about.

    ``raised``: alerts of the clock (``timers/deadlines.py``); ``dwells_told``: its dwells are published
    (``timers/dwells.py``). ``ended``: facts of the earlier shipments under the number that have ended and are not
    archived yet, in their order (``reuse/split.py``).
    """

    facts: Facts
    view: View
    raised: tuple[Raised, ...] = ()
    dwells_told: bool = False
    ended: tuple[Facts, ...] = ()

    @property
    def carrier(self) -> str:
        """The carrier's slug."""
        return self.facts.carrier

    @property
    def tracking_number(self) -> str:
        """The number, normalised."""
        return self.facts.tracking_number

    @property
    def orders(self) -> list[OrderLink]:
        """The claims that stand, by order and delivery."""
        claims = self.facts.claims
        return [claims[place].link for place in self.view.standing]

    @property
    def claimed_at(self) -> list[int]:
        """Returns when each of ``orders`` was stated, UTC ms."""
        claims = self.facts.claims
        return [claims[place].at for place in self.view.standing]

    @property
    def status(self) -> Status:
        """The status others read: planned while an order expects the shipment and no event moved it."""
        view, stub = self.view, self.facts.stub
        if view.archived and stub is not None:
            return stub.status
        if view.status is Status.UNKNOWN and view.standing:
            return Status.PLANNED
        return view.status

    @property
    def id_suffix(self) -> tuple[str, ...]:
        """Part of the ids of what is told of it, so that they differ from those of earlier shipments of the number."""
        generation = self.view.generation
        return () if generation == 1 else (f"life {generation}",)


encode = msgpack.Encoder().encode
decode = msgpack.Decoder(Shipment).decode
"""A stored record back. Raises msgspec.DecodeError (or its ValidationError) where it is not one."""
