"""The fulfilment stage on a broker of its own: a confirmation held back outlives its worker, its deadline raises an
alert, and a person's waiver lets it go, once."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from msgspec.structs import replace

from config import topics
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.audit import Actor
from streams.contracts.model import DeliveryMilestone, ErpPosting
from streams.kernel.audit_vocabulary import ActionChannel, ActorKind
from streams.kernel.vocabulary import AlertKind, AlertState, FulfilmentAction, Milestone, PostingKind
from tests.support.brokers import BROKERS, on_broker
from tests.support.fulfilment_world import DELIVERY, told
from tests.support.signals import Signals
from tests.support.stage_worker import StageWorker
from tests.support.topics import fill, read_all
from tests.support.waiting import eventually
from topologies.local_stack.stack import catalogue
from topologies.operations.fulfilment_board import decide, known_of, waiting

RULES = "default: {proof: any, waits: {proof: {owner: finance, deadline: 4s}}}\n"
OLGA = Actor("Olga Fink", ActorKind.PERSON, ActionChannel.TOWER)


@pytest.mark.parametrize("broker", BROKERS[:1])
def test_a_confirmation_held_back_outlives_its_worker_and_goes_once_with_a_waiver(
    broker: Callable[[], ExitStack], tmp_path: Path
) -> None:
    rules = tmp_path / "fulfilment.yaml"
    rules.write_text(RULES, "utf-8")
    with ExitStack() as closing:
        settings = closing.enter_context(on_broker(broker, tmp_path, feed_sweep_interval=0.5, fulfilment_file=rules))
        TopicAdmin(settings).create(catalogue())
        milestones = ValueCodec(topics.DELIVERY_MILESTONES, DeliveryMilestone, Registry(settings))
        postings = ValueCodec(topics.ERP_POSTINGS, ErpPosting, Registry(settings))
        signals = Signals(settings)

        def tell(*items: DeliveryMilestone) -> None:
            values = [(DELIVERY.encode(), milestones.encode(one)) for one in items]
            fill(settings.kafka.bootstrap, topics.DELIVERY_MILESTONES.name, values)

        def said() -> list[tuple[AlertKind, AlertState]]:
            return [(one.kind, one.state) for one in signals.said()]

        def posted() -> list[PostingKind]:
            values = dict.fromkeys(one.value() for one in read_all(settings.kafka.bootstrap, topics.ERP_POSTINGS.name))
            return [postings.decode(value).kind for value in values]

        first = StageWorker("fulfilment", settings, tmp_path / "one")
        closing.callback(first.kill)
        now = time.time_ns() // 1_000_000
        delivered = replace(told(Milestone.DELIVERED), occurred_at=now)
        tell(replace(told(Milestone.PICKED_UP), occurred_at=now - 1), delivered)
        eventually(lambda: [one.delivery_id for one in waiting(settings)] == [DELIVERY])
        first.kill()
        second = StageWorker("fulfilment", settings, tmp_path / "two")
        closing.callback(second.kill)
        overdue = (AlertKind.CONFIRMATION_OVERDUE, AlertState.RAISED)
        eventually(lambda: said() == [overdue])
        known = known_of(settings, DELIVERY)
        decide(settings, known, FulfilmentAction.WAIVE, "the customer confirmed it", OLGA, time.time_ns() // 1_000_000)
        eventually(lambda: said() == [overdue, (AlertKind.CONFIRMATION_OVERDUE, AlertState.RESOLVED)])
        tell(delivered, replace(told(Milestone.DELIVERY_ATTEMPTED), occurred_at=now))
        kinds = [PostingKind.GOODS_ISSUE, PostingKind.DELIVERY_CONFIRMATION, PostingKind.DELIVERY_ATTEMPT]
        eventually(lambda: posted() == kinds)
