"""When a carrier's own API is asked for a proof: at once where nothing else opens the gate, else once it is chased."""

from __future__ import annotations

import pytest

from streams.contracts.documents import call_url, stored_url
from streams.contracts.model import DeliveryMilestone, DocumentedShipment
from streams.documents.fetches import fetch_of, host_of
from streams.documents.policy import Calls, Chasing
from streams.documents.shipment_record import record_key
from streams.documents.step import Input, step, sweep
from streams.kernel.vocabulary import DocumentKind, DocumentOrigin, DocumentStatus
from tests.support.document_inputs import DAY, LINK, NOW, delivered, pushed, withdrawn

KEY = record_key("north", "N100")
CALL = call_url("north_api")
CHASING = Chasing((DAY, 2 * DAY))


def feed_of(carrier: str, number: str) -> str | None:
    return "north_api" if carrier == "north" and number.startswith("N") else None


AT_ONCE, LATER, NEVER = Calls(feed_of, True), Calls(feed_of, True, {"C-1": False}), Calls()


class World:
    """One shipment's record, and what is fetched for it."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.states: dict[str, DocumentedShipment | None] = {}
        self.milestones: list[DeliveryMilestone] = []

    def take(self, *chunk: Input, now: int = NOW) -> list[str]:
        result = step(chunk, self.states, now, self.calls)
        self.states |= result.states
        self.milestones += result.outputs.milestones
        return [fetch_of(one.body).link for one in result.outputs.fetches]

    def sweep(self, at: int) -> list[str]:
        result = sweep([KEY], self.states, CHASING, at, self.calls)
        self.states |= result.states
        return [fetch_of(one.body).link for one in result.outputs.fetches]


@pytest.mark.parametrize(("calls", "chunk", "asked"), [
    (AT_ONCE, [delivered(None)], [CALL]),
    (AT_ONCE, [delivered(None), delivered(None)], [CALL]),
    (AT_ONCE, [delivered(None), delivered(None, "D-2")], [CALL]),
    (AT_ONCE, [delivered(LINK)], [LINK]),
    (AT_ONCE, [pushed(), delivered(None)], []),
    (AT_ONCE, [pushed(kind=DocumentKind.OTHER), delivered(None)], [CALL]),
    (AT_ONCE, [delivered(None, number="X1")], []),
    (LATER, [delivered(None)], []),
    (NEVER, [delivered(None)], []),
])
def test_what_is_asked_for_at_once(calls: Calls, chunk: list[Input], asked: list[str]) -> None:
    assert World(calls).take(*chunk) == asked


@pytest.mark.parametrize(("calls", "chunk", "asked"), [
    (LATER, [delivered(None)], [CALL]),
    (LATER, [delivered(LINK)], [CALL]),
    (AT_ONCE, [delivered(None)], []),
    (LATER, [delivered(None), pushed()], []),
    (LATER, [delivered(None), withdrawn(delivered(None))], []),
    (NEVER, [delivered(None)], []),
])
def test_what_a_chase_asks_for(calls: Calls, chunk: list[Input], asked: list[str]) -> None:
    world = World(calls)
    world.take(*chunk)
    assert world.sweep(NOW + DAY) == asked


def test_each_shipment_under_a_number_is_asked_for_on_its_own() -> None:
    world = World(AT_ONCE)
    assert world.take(delivered(None)) == [CALL]
    assert world.take(delivered(None, "D-2", at=NOW + 90 * DAY, life=2), now=NOW + 90 * DAY) == [CALL]
    record = world.states[KEY]
    assert record is not None
    assert [(one.life, one.delivery_ids, one.origin) for one in record.documents] == [
        (1, ["D-1"], DocumentOrigin.ASKED), (2, ["D-2"], DocumentOrigin.ASKED)]


def test_what_the_carrier_gives_proves_the_delivery_it_was_asked_for() -> None:
    world = World(AT_ONCE)
    world.take(delivered(None))
    record = world.states[KEY]
    assert record is not None
    [waiting] = record.documents
    assert (waiting.status, waiting.event_id) == (DocumentStatus.WAITING, "e-N100")
    world.take(pushed(source_id=waiting.source_id, origin=DocumentOrigin.ASKED, life=1, link=CALL))
    [milestone] = world.milestones
    assert milestone.proof_of_delivery is not None
    assert (milestone.delivery_id, milestone.proof_of_delivery.document_url) == ("D-1", stored_url("5e" * 32))


def test_no_link_can_name_the_destination_of_an_api() -> None:
    result = step([delivered(None)], {}, NOW, AT_ONCE)
    [message] = result.outputs.fetches
    assert message.destination == "document:north_api/api"
    assert host_of("https://north_api/api") == "north_api"
