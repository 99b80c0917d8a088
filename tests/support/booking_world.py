"""A warehouse in Hamburg, three carriers and one delivery: what is said of it, and rules to book it by."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st
from msgspec.structs import replace

from streams.bookings.rules import (
    HOUR,
    Blackout,
    Channel,
    Cost,
    Lane,
    Patience,
    Place,
    Rules,
    Service,
    Tolerance,
)
from streams.bookings.step import Input, Outputs, step, sweep
from streams.contracts.bookings import (
    BookingAnswer,
    BookingDecision,
    BookingState,
    DeliveryRelease,
    FreightCharge,
    FreightInvoice,
    Party,
    ReleasedLine,
)
from streams.contracts.warehouse import WmsConfirmation, WmsLine, WmsParcel
from streams.kernel.booking_vocabulary import AnswerKind, BookingAction
from streams.kernel.step_result import StepResult

NOON = 1_790_000_000_000
"""2026-09-21, 14:13:20 UTC."""
DELIVERY = "80001"
HAMBURG = Party("North Traders", "Kaistrasse 1", "Hamburg", "20457", "DE")
VIENNA = Party("Ada Lovelace", "Ring 5", "Wien", "1010", "AT", phone="+43 1 234")
CHEAP = Service(
    "north", "parcel", Channel.REST, (Lane((Place("DE"),), (Place("AT", "10"), Place("DE"))),), most_kg=31.5,
    costs=(Cost(5, 4.9), Cost(31.5, 9.9)), currency="EUR", answer_within_ms=HOUR, names=frozenset({"nrth"}),
)
FREIGHT = Service(
    "south", "pallet", Channel.X12, least_kg=10, costs=(Cost(None, 80),), currency="EUR",
    blackouts=(Blackout("2026-12-24", "2026-12-26"),), accessorials={"405": 12.0}, names=frozenset({"sout"}),
)
LAST = Service("east", "pallet", Channel.IFTMIN, costs=(Cost(None, 120),), currency="EUR")
RULES = Rules(
    (CHEAP, FREIGHT, LAST), {"": HAMBURG}, warehouse=Patience("warehouse", 24 * HOUR),
    person=Patience("shipping", 2 * HOUR), number=Patience("shipping", 8 * HOUR), rate=Tolerance(5, 1),
    weight=Tolerance(10),
)


def released(at: int = NOON, **changes: object) -> DeliveryRelease:
    """The ERP's word on the delivery."""
    told = DeliveryRelease(
        DELIVERY, "SO-1", "C-1", "released", at, "WH1", VIENNA, [ReleasedLine("10", "A-1", 5.0, "C62")],
    )
    return replace(told, **changes)


def packed(
    quantity: float = 5.0, kind: str = "packed", number: str = "W-1", kilograms: Sequence[float] = (12.0,),
    numbers: Sequence[str] = (), at: int = NOON + HOUR,
) -> WmsConfirmation:
    """The warehouse's word on it."""
    parcels = [WmsParcel(f"{number}/{place}", weight) for place, weight in enumerate(kilograms, 1)]
    return WmsConfirmation(
        number, DELIVERY, "SO-1", "WH1", kind, at, "north" if numbers else None, list(numbers),
        [WmsLine("10", "A-1", 5.0, quantity, "C62", None)], parcels if kind in ("packed", "shipped") else [],
    )


def answered(kind: AnswerKind, turn: int = 1, carrier: str = "", **changes: object) -> BookingAnswer:
    """A carrier's word on the delivery's booking of this turn."""
    told = BookingAnswer(f"{DELIVERY}-{turn}", DELIVERY, kind, carrier, NOON + 2 * HOUR, 1)
    return replace(told, **changes)


def decided(
    action: BookingAction, at: int = NOON + 3 * HOUR, carrier: str = "", by: str = "Olga Fink"
) -> BookingDecision:
    """A person's decision about it."""
    return BookingDecision(DELIVERY, action, by, "agreed by telephone", at, carrier)


def invoiced(total: float = 9.9, **changes: object) -> FreightInvoice:
    """A carrier's invoice for its first booking."""
    told = FreightInvoice(
        "F-1", DELIVERY, f"{DELIVERY}-1", "nrth", NOON + 99 * HOUR, "EUR", total, 12.0, [FreightCharge("", total)],
    )
    return replace(told, **changes)


class Desk:
    """Plays inputs one by one, as the stage does; ``out``: all that came of them."""

    def __init__(self, rules: Rules = RULES, state: BookingState | None = None) -> None:
        self.rules, self.state, self.now = rules, state, NOON + HOUR
        self.out = Outputs()
        self.refused: list[str] = []
        self.counts: dict[str, int] = {}

    def take(self, *items: Input, at: int | None = None) -> Desk:
        """Take the inputs in, at this time."""
        self.now = self.now if at is None else at
        for item in items:
            self._note(step([item], {item.delivery_id: self.state}, self.rules, self.now))
        return self

    def wait(self, until: int) -> Desk:
        """Let the clock bring about what it does up to this time."""
        from streams.bookings.record import next_due

        while self.state is not None and (due := next_due(self.state)) is not None and due <= until:
            self.now = max(self.now, due)
            self._note(sweep({DELIVERY: self.state}, self.rules, self.now))
        self.now = max(self.now, until)
        return self

    @property
    def known(self) -> BookingState:
        """The record, which is there."""
        assert self.state is not None
        return self.state

    def asked(self) -> list[str]:
        """All requests as KIND CARRIER."""
        return [f"{one.kind.value} {one.carrier}" for one in self.out.requests]

    def alerts(self) -> list[str]:
        """All signals as KIND STATE."""
        return [f"{one.kind.value} {one.state.value}" for one in self.out.alerts]

    def _note(self, result: StepResult[Outputs, BookingState]) -> None:
        self.state = result.states.get(DELIVERY, self.state)
        self.refused += [reject.detail for _, reject in result.refused]
        for name in Outputs.__struct_fields__:
            getattr(self.out, name).extend(getattr(result.outputs, name))
        for name, count in result.counts.items():
            self.counts[name] = self.counts.get(name, 0) + count


def said() -> st.SearchStrategy[Input | int]:
    """Anything that may be said of the delivery, or hours that pass."""
    return st.one_of(
        st.builds(released, st.integers(NOON, NOON + 5), status=st.sampled_from(["released", "released", "cancelled"])),
        st.builds(
            packed, st.sampled_from([2.0, 3.0, 5.0, 6.0]), st.sampled_from(["picked", "packed", "packed", "short"]),
            st.sampled_from(["W-1", "W-2"]),
        ),
        st.builds(
            answered, st.sampled_from([kind for kind in AnswerKind if kind is not AnswerKind.UNKNOWN]),
            st.integers(1, 4), attempt=st.integers(1, 2),
            tracking_number=st.sampled_from(["", "", "T1", "T2"]),
        ),
        st.builds(
            decided, st.sampled_from(BookingAction), st.integers(NOON, NOON + 50),
            st.sampled_from(["", "east", "nobody"]),
        ),
        st.integers(1, 30),
    )
