"""The documents stage: what is fetched, what becomes known of it, and a state that restores."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import topics
from config.settings import Settings
from connectors.carriers import discover
from connectors.kafka.registry import ValueCodec
from streams.contracts.documents import stored_url
from streams.contracts.model import DeliveryMilestone, OutboundAttempt, OutboundRequest, ShipmentDocument
from streams.documents.fetches import fetch_of
from streams.documents.policy import Chasing
from streams.kernel.vocabulary import AttemptResult, DocumentOrigin, DocumentStatus
from tests.support.document_inputs import DAY, LINK, NOW, delivered, pushed
from tests.support.messages import sent_to
from tests.support.posting_inputs import answered
from tests.support.records import FakeRecord
from tests.support.registry import fake_registry
from tests.support.stage_store import Store
from topologies.runtime.handler import Handled
from topologies.stages.documents import DocumentsHandler

REGISTRY = fake_registry()
MILESTONES = ValueCodec(topics.DELIVERY_MILESTONES, DeliveryMilestone, REGISTRY)
WANTS = ValueCodec(topics.DOCUMENT_WANTS, DeliveryMilestone, REGISTRY)
DOCUMENTS = ValueCodec(topics.SHIPMENT_DOCUMENTS, ShipmentDocument, REGISTRY)
ATTEMPTS = ValueCodec(topics.DOCUMENT_ATTEMPTS, OutboundAttempt, REGISTRY)
REQUESTS = ValueCodec(topics.DOCUMENT_REQUESTS, OutboundRequest, REGISTRY)


class Stage:
    """The handler over a store."""

    def __init__(self, **given: object) -> None:
        self.handler = DocumentsHandler(Settings(**given), REGISTRY, {}, Chasing((DAY,)))
        self.store = Store()

    def want(self, *wants: DeliveryMilestone) -> list[OutboundRequest]:
        return self._take(topics.DOCUMENT_WANTS, [WANTS.encode(one) for one in wants])

    def came(self, *documents: ShipmentDocument) -> list[OutboundRequest]:
        return self._take(topics.SHIPMENT_DOCUMENTS, [DOCUMENTS.encode(one) for one in documents])

    def answer(self, *attempts: OutboundAttempt) -> list[OutboundRequest]:
        return self._take(topics.DOCUMENT_ATTEMPTS, [ATTEMPTS.encode(one) for one in attempts])

    def sweep(self, at: int) -> list[OutboundRequest]:
        return self._applied(self.handler.sweep(self.store, at))

    def _take(self, topic: topics.Topic, values: list[bytes]) -> list[OutboundRequest]:
        records = [FakeRecord(topic.name, 0, place, key=b"k", value=value) for place, value in enumerate(values)]
        return self._applied(self.handler.handle(records, self.store, NOW))

    def _applied(self, handled: Handled) -> list[OutboundRequest]:
        self.last = self.store.apply(handled)
        assert self.store.restored(self.handler).held == self.store.held, "a restored state is another one"
        assert {one["key"] for one in sent_to(handled, topics.SHIPMENT_DOCUMENTS.name)} <= {b"north:N100"}
        requests = sent_to(handled, topics.DOCUMENT_REQUESTS.name)
        assert {one["key"] for one in requests} <= {b"north:N100"}
        return [REQUESTS.decode(one["value"]) for one in requests]

    @property
    def told(self) -> list[ShipmentDocument]:
        """Documents as the last input left them."""
        last = {
            one.source_id: one for message in sent_to(self.last, topics.SHIPMENT_DOCUMENTS.name)
            for one in [DOCUMENTS.decode(message["value"])]
        }
        return list(last.values())

    @property
    def milestones(self) -> list[DeliveryMilestone]:
        return [MILESTONES.decode(one["value"]) for one in sent_to(self.last, topics.DELIVERY_MILESTONES.name)]


def test_only_what_wants_documents_is_passed_on_under_the_shipments_key() -> None:
    own = delivered(stored_url("5e" * 32))
    handler = DocumentsHandler(Settings(), REGISTRY, {})
    records = [
        FakeRecord(topics.DELIVERY_MILESTONES.name, 0, place, key=b"D-1", value=MILESTONES.encode(one))
        for place, one in enumerate([delivered(), own])
    ]
    handled = handler.handle(records, Store(), NOW)
    [passed] = sent_to(handled, topics.DOCUMENT_WANTS.name)
    assert (passed["key"], WANTS.decode(passed["value"])) == (b"north:N100", delivered())


def test_a_link_is_fetched_from_its_host_and_what_is_stored_told_to_the_delivery() -> None:
    stage = Stage()
    [request] = stage.want(delivered())
    assert (request.destination, fetch_of(request.body).link) == ("document:pod.example.com", LINK)
    [waiting] = stage.told
    assert (waiting.status, waiting.delivery_ids) == (DocumentStatus.WAITING, ["D-1"])
    stored = pushed(source_id=waiting.source_id, origin=DocumentOrigin.LINK, life=1)
    assert stage.came(stored) == []
    [milestone] = stage.milestones
    assert (milestone.delivery_id, milestone.proof_of_delivery.document_url) == ("D-1", stored_url("5e" * 32))
    [told] = stage.told
    assert (told.status, told.delivery_ids) == (DocumentStatus.STORED, ["D-1"])
    assert (stage.answer(answered(request)), stage.told) == ([], [])
    assert (stage.came(told), stage.milestones) == ([], [])


def test_what_a_host_refuses_is_given_up_in_its_own_words_and_chased_later() -> None:
    stage, at = Stage(), NOW
    [request] = stage.want(delivered())
    for wait in (5 * 60_000, 3_600_000, 6 * 3_600_000):
        stage.answer(answered(request, AttemptResult.REFUSED, "404 Not Found"))
        assert [(one.status, one.reason) for one in stage.told] == [(DocumentStatus.WAITING, "404 Not Found")]
        at += wait
        [request] = stage.sweep(at)
    assert stage.answer(answered(request, AttemptResult.REFUSED, "404 Not Found")) == []
    assert [(one.status, one.reason, one.attempts) for one in stage.told] == [
        (DocumentStatus.REFUSED, "404 Not Found", 4)]
    assert stage.milestones == []
    [again] = stage.sweep(NOW + DAY)
    assert fetch_of(again.body).link == LINK


def test_a_host_that_is_down_is_left_alone_and_tried_again() -> None:
    stage = Stage()
    [request] = stage.want(delivered())
    assert stage.answer(answered(request, AttemptResult.UNAVAILABLE, "503")) == []
    [again] = stage.sweep(NOW + 60_000)
    assert (again.message_id, again.attempt) == (request.message_id, 2)


def test_where_fetching_is_off_nothing_is_asked_for() -> None:
    stage = Stage(documents_fetch=False)
    assert stage.want(delivered()) == []
    [one] = stage.told
    assert (one.status, "SHIPSYNC_DOCUMENTS_FETCH" in one.reason) == (DocumentStatus.WAITING, True)


FEDEX = '{"fedex": {"client_id": "we", "client_secret": "hush"}}'


@pytest.mark.parametrize(("proof", "at_once"), [("document", 1), ("any", 0), ("none", 0)])
def test_a_carriers_api_is_asked_at_once_only_where_the_policy_wants_a_document(
    tmp_path: Path, proof: str, at_once: int
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(f"customers: {{C-1: {{proof: {proof}, waits: {{proof: {{deadline: 5d}}}}}}}}")
    settings = Settings(fulfilment_file=rules, documents_api_credentials=FEDEX)
    handler = DocumentsHandler(settings, REGISTRY, {one.feed: one for one in discover()})
    store, wants = Store(), [delivered(None, carrier="fedex"), delivered(LINK, carrier="fedex", number="N200")]
    records = [
        FakeRecord(topics.DOCUMENT_WANTS.name, 0, place, key=b"k", value=WANTS.encode(one))
        for place, one in enumerate(wants)
    ]
    handled = handler.handle(records, store, NOW)
    store.apply(handled)
    asked = [REQUESTS.decode(one["value"]) for one in sent_to(handled, topics.DOCUMENT_REQUESTS.name)]
    called = [one for one in asked if one.destination == "document:fedex/api"]
    assert [fetch_of(one.body).tracking_number for one in called] == ["N100"] * at_once
    chased = handler.sweep(store, NOW + DAY)
    later = [REQUESTS.decode(one["value"]) for one in sent_to(chased, topics.DOCUMENT_REQUESTS.name)]
    numbers = sorted(fetch_of(one.body).tracking_number for one in later if one.destination == "document:fedex/api")
    assert numbers == ([] if proof == "none" else ["N100", "N200"])
