"""Who is told of which document, whatever comes first, and what is asked for again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.contracts.documents import stored_id
from streams.contracts.model import DeliveryMilestone, DocumentedShipment, ShipmentDocument
from streams.documents.fetches import fetch_of, host_of, is_link
from streams.documents.policy import EARLY, KEPT, Chasing
from streams.documents.shipment_record import record_key, wants_documents
from streams.documents.step import Input, step, sweep
from streams.kernel.vocabulary import Correction, DocumentKind, DocumentStatus, Milestone
from tests.support.document_inputs import DAY, LINK, NOW, delivered, pushed, withdrawn

KEY = record_key("north", "N100")
CHASING = Chasing((DAY, 2 * DAY))


class World:
    """One shipment's record, and what it told deliveries."""

    def __init__(self) -> None:
        self.states: dict[str, DocumentedShipment | None] = {}
        self.milestones: list[DeliveryMilestone] = []

    def take(self, *chunk: Input) -> list[str]:
        """Takes a chunk in; the links that are to be fetched."""
        result = step(chunk, self.states, NOW)
        self.states |= result.states
        self.milestones += result.outputs.milestones
        return [fetch_of(one.body).link for one in result.outputs.fetches]

    def sweep(self, at: int) -> list[str]:
        result = sweep([KEY], self.states, CHASING, at)
        self.states |= result.states
        return [fetch_of(one.body).link for one in result.outputs.fetches]

    def chases(self, at: int) -> list[tuple[str, int]]:
        """The deliveries that are told at this time that documents were asked for again, and how often by then."""
        result = sweep([KEY], self.states, CHASING, at)
        self.states |= result.states
        return [(one.delivery_id, one.times) for one in result.outputs.chases]

    @property
    def record(self) -> DocumentedShipment:
        found = self.states[KEY]
        assert found is not None
        return found

    @property
    def standing(self) -> set[tuple[str, str | None]]:
        """The documents that deliveries know of by now, as fulfilment takes milestones."""
        known: dict[str, DeliveryMilestone | None] = {}
        for one in self.milestones:
            known[one.milestone_id] = None if one.correction is Correction.RETRACTS else one
        return {
            (one.delivery_id, stored_id(one.proof_of_delivery.document_url))
            for one in known.values() if one is not None and one.proof_of_delivery is not None
        }


def test_a_link_is_fetched_once_however_often_it_is_said() -> None:
    world = World()
    assert world.take(delivered(), delivered(delivery="D-2")) == [LINK]
    assert world.take(delivered()) == []
    [one] = world.record.documents
    assert (one.status, one.delivery_ids, one.order_ids) == (DocumentStatus.WAITING, ["D-1", "D-2"], ["O-1"])
    assert world.milestones == []


def test_a_stored_document_is_told_to_each_delivery_of_its_shipment() -> None:
    world = World()
    world.take(pushed(), delivered(None), delivered(None, "D-2"), pushed(number="N200"))
    assert world.standing == {("D-1", "5e" * 32), ("D-2", "5e" * 32)}
    [first, _] = world.milestones
    assert (first.milestone, wants_documents(first)) == (Milestone.POD_RECEIVED, False)


def test_a_delivery_that_is_not_of_the_shipment_gives_its_documents_back() -> None:
    world = World()
    world.take(delivered(None), pushed())
    world.take(withdrawn(delivered(None)))
    assert world.standing == set()
    again = delivered(None, claim_revision=3)
    world.take(again, delivered(None))
    assert world.standing == {("D-1", "5e" * 32)}
    assert [one.claim_revision for one in world.milestones] == [1, 2, 3]


def test_a_paper_that_proves_nothing_is_kept_and_not_told() -> None:
    world = World()
    world.take(delivered(None), pushed(kind=DocumentKind.OTHER))
    assert (len(world.record.documents), world.milestones) == (1, [])


def test_a_document_of_the_shipment_that_had_the_number_before_proves_nothing() -> None:
    world = World()
    world.take(pushed(at=NOW - EARLY - 1), delivered(None))
    assert world.standing == set()
    world.take(pushed("6f" * 32, at=NOW - EARLY))
    assert world.standing == {("D-1", "6f" * 32)}


def test_of_a_number_used_again_a_document_is_of_the_last_shipment_delivered_by_then() -> None:
    world = World()
    later = delivered(None, "D-9", at=NOW + 90 * DAY, life=2)
    world.take(delivered(None), later, pushed("11" * 32, at=NOW + DAY), pushed("22" * 32, at=NOW + 91 * DAY))
    assert world.standing == {("D-1", "11" * 32), ("D-9", "22" * 32)}


def test_what_was_given_up_is_asked_for_again_by_the_schedule_and_no_longer() -> None:
    world = World()
    world.take(delivered())
    [one] = world.record.documents
    world.states[KEY] = replace(world.record, documents=[replace(one, status=DocumentStatus.REFUSED)])
    assert world.sweep(NOW + DAY - 1) == []
    assert world.sweep(NOW + DAY) == [LINK]
    assert (world.sweep(NOW + DAY + 1), world.record.chases) == ([], 1)
    assert world.sweep(NOW + 5 * DAY) == [LINK]
    assert world.sweep(NOW + 9 * DAY) == []


def test_the_proof_of_the_shipment_that_had_the_number_before_does_not_end_the_asking() -> None:
    world, later = World(), NOW + 90 * DAY
    world.take(delivered(None), pushed())
    assert world.sweep(NOW + DAY) == []
    world.take(delivered(None, "D-9", at=later, life=2))
    assert [world.chases(later + after) for after in (0, DAY, DAY + 1, 2 * DAY, 3 * DAY)] == [
        [], [("D-9", 1)], [], [("D-9", 2)], []]


def test_each_shipment_under_a_number_is_asked_for_by_the_whole_schedule() -> None:
    world, later = World(), NOW + 90 * DAY
    world.take(delivered(None))
    assert [world.chases(NOW + after) for after in (DAY, 2 * DAY, 3 * DAY)] == [[("D-1", 1)], [("D-1", 2)], []]
    world.take(delivered(None, "D-9", at=later, life=2))
    assert world.chases(later + DAY) == [("D-9", 1)]


def test_a_person_has_a_document_fetched_again() -> None:
    world = World()
    world.take(delivered())
    [one] = world.record.documents
    asked = replace(one, at=NOW + DAY, reason="asked for again")
    assert world.take(asked) == []
    world.states[KEY] = replace(world.record, documents=[replace(one, status=DocumentStatus.REFUSED)])
    assert (world.take(asked), world.take(asked)) == ([LINK], [])


def test_a_shipment_is_forgotten_in_the_end() -> None:
    world = World()
    world.take(delivered(None), pushed())
    world.sweep(NOW + KEPT - 1)
    assert world.states[KEY] is not None
    world.sweep(NOW + KEPT)
    assert world.states[KEY] is None


INPUTS: list[DeliveryMilestone | ShipmentDocument] = [
    delivered(), delivered(None), delivered(delivery="D-2"), withdrawn(delivered(None)), delivered(claim_revision=3),
    pushed(), pushed("6f" * 32, at=NOW - DAY), pushed("77" * 32, kind=DocumentKind.OTHER),
]


@given(st.permutations(INPUTS), st.lists(st.sampled_from(INPUTS), max_size=4), st.integers(1, 4))
def test_the_end_does_not_depend_on_the_order(
    order: list[Input], repeated: list[Input], size: int
) -> None:
    world = World()
    for start in range(0, len(order), size):
        world.take(*order[start:start + size])
    world.take(*repeated)
    assert world.standing == {("D-1", "5e" * 32), ("D-1", "6f" * 32), ("D-2", "5e" * 32), ("D-2", "6f" * 32)}


def test_a_link_names_its_host() -> None:
    assert host_of("HTTPS://user:secret@Pod.Example.com:8443/a?b#c") == "pod.example.com:8443"
    assert [is_link(one) for one in (None, "", "ftp://x/y", "https:///nothing", "urn:shipsync:document:5e")] == [
        False] * 5
