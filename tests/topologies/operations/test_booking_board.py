"""People's decisions about bookings: possible ones are written with their audit, others say what is possible."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from config import topics
from config.settings import Settings
from streams.bookings.readiness import packed_lines
from streams.contracts.audit import Actor
from streams.contracts.bookings import BookingState
from streams.kernel.audit_vocabulary import ActionChannel, ActorKind
from streams.kernel.booking_vocabulary import AnswerKind, BookingAction, BookingPhase
from streams.kernel.errors import Fatal
from tests.support.booking_world import NOON, Desk, answered, invoiced, packed, released
from topologies.operations import booking_board
from topologies.operations.booking_board import (
    Chosen,
    check,
    check_choice,
    choice,
    decide,
    deliveries,
    invoices,
)

OLGA = Actor("Olga Fink", ActorKind.PERSON, ActionChannel.TOWER)
RULES = """
warehouses: {"*": {name: North Traders, street: Kaistrasse 1, postal_code: "20457", city: Hamburg, country: DE}}
carriers:
  north:
    channel: {kind: rest, address: https://north.example/v1/shipments}
    services: {parcel: {weight_kg: {most: 10}}}
  south:
    channel: {kind: rest, address: https://south.example/v1/shipments}
    services: {pallet: {costs: [{price: 80}], currency: EUR}}
"""


class Codec:
    """Writes nothing: what is written is looked at before."""

    def __init__(self, *_: object) -> None: ...

    def encode(self, value: object) -> bytes:
        return repr(value).encode()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    file = tmp_path / "bookings.yaml"
    file.write_text(RULES, "utf-8")
    return Settings(bookings_file=str(file))


def asked() -> BookingState:
    return Desk().take(released(), packed()).known


def test_a_decision_has_a_reason_and_is_possible() -> None:
    check(asked(), BookingAction.REBOOK, "no truck")
    for reason in ("", "  ", "x" * 501, "a\x00b"):
        with pytest.raises(Fatal, match="give the reason"):
            check(asked(), BookingAction.CANCEL, reason)
    with pytest.raises(Fatal, match="is asking: accept changes nothing there; possible: rebook, cancel"):
        check(asked(), BookingAction.ACCEPT, "fine")


def test_a_carrier_that_does_not_fit_is_refused_with_the_reason(settings: Settings) -> None:
    assert [(one.carrier, one.fits) for one in choice(settings, asked(), NOON)] == [("south", True), ("north", False)]
    check_choice(settings, asked(), Chosen("south"), NOON)
    with pytest.raises(Fatal, match="north parcel does not fit: 12 kg is more than 10 kg"):
        check_choice(settings, asked(), Chosen("north"), NOON)
    with pytest.raises(Fatal, match="no carrier west is declared"):
        check_choice(settings, asked(), Chosen("west"), NOON)


def test_a_decision_is_written_with_its_audit(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    taken = []
    monkeypatch.setattr(booking_board, "take", lambda _, acts, __: taken.extend(acts))
    monkeypatch.setattr(booking_board, "Registry", lambda _: None)
    monkeypatch.setattr(booking_board, "ValueCodec", Codec)
    decision = decide(settings, asked(), BookingAction.REBOOK, " no truck ", OLGA, NOON, Chosen("south", "pallet"))
    assert (decision.by, decision.reason, decision.carrier) == ("Olga Fink", "no truck", "south")
    [act] = taken
    assert (act.audit.action, act.audit.subject) == ("booking.rebook", "80001")
    assert ("carrier", "south pallet") in [(one.name, one.value) for one in act.audit.details]
    assert [record.topic for record in act.records] == [topics.BOOKING_DECISIONS.name]


def test_a_decision_that_comes_again_under_its_key_is_written_once(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    taken = []
    monkeypatch.setattr(booking_board, "take", lambda _, acts, __: taken.extend(acts))
    monkeypatch.setattr(booking_board, "Registry", lambda _: None)
    monkeypatch.setattr(booking_board, "ValueCodec", Codec)
    first = decide(settings, asked(), BookingAction.REBOOK, "no truck", OLGA, NOON, key="k")
    desk = Desk(state=asked()).take(first, replace(first, at=first.at + 1))
    assert (desk.counts["decided"], desk.counts["duplicates"]) == (1, 1)
    again = decide(settings, desk.known, BookingAction.REBOOK, "no truck", OLGA, NOON + 9, key="k")
    assert (again, len(taken)) == (first, 1)


def test_lists_show_what_needs_somebody_first(monkeypatch: pytest.MonkeyPatch) -> None:
    booked = Desk().take(released(), packed(), answered(AnswerKind.BOOKED, tracking_number="NT1"), invoiced(20.0)).known
    waiting = Desk().take(released()).known
    monkeypatch.setattr(booking_board, "Registry", lambda _: None)
    monkeypatch.setattr(booking_board, "latest", lambda *_: {"a": booked, "b": waiting})
    assert deliveries(Settings()) == [waiting]
    assert deliveries(Settings(), whole=True) == [waiting, booked]
    assert deliveries(Settings(), BookingPhase.BOOKED) == [booked]
    [found] = invoices(Settings())
    assert [one.field for one in found.match.mismatches] == ["rate"]
    assert packed_lines(booked) == [("10", 5.0, 5.0)]


def test_a_delivery_nobody_knows_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(booking_board, "Registry", lambda _: None)
    monkeypatch.setattr(booking_board, "newest", lambda *_: None)
    with pytest.raises(Fatal, match="nothing is known of delivery D-9"):
        booking_board.known_of(Settings(), "D-9")
