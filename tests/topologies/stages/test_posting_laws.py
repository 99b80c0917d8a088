"""Law: whatever is lost, repeated or half written, once everything answers again every posting is made.

The stage is killed in the middle of a chunk: after its outputs, and any number of the records of its changelog, were
written. The chunk comes again then, to a state restored of that changelog.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config import topics
from config.settings import Settings
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import ErpPosting
from streams.contracts.outbound import OutboundAttempt, OutboundOutcome, OutboundRequest, OutboundState
from streams.kernel.vocabulary import AttemptResult, OutboundStatus
from streams.outbound.policy import HOUR, SECOND
from tests.support.messages import sent_to
from tests.support.posting_inputs import CONFIRMATION, NOW, PROOF, answered, posting, reversal
from tests.support.records import FakeRecord
from tests.support.registry import fake_registry
from tests.support.stage_store import Store
from topologies.runtime.handler import Handled
from topologies.runtime.outbound import outbound_records
from topologies.stages.postings import PostingsHandler

REGISTRY = fake_registry()
POSTINGS = ValueCodec(topics.ERP_POSTINGS, ErpPosting, REGISTRY)
ATTEMPTS = ValueCodec(topics.POSTING_ATTEMPTS, OutboundAttempt, REGISTRY)
REQUESTS = ValueCodec(topics.POSTING_REQUESTS, OutboundRequest, REGISTRY)
OUTCOMES = ValueCodec(topics.POSTING_OUTCOMES, OutboundOutcome, REGISTRY)
STATES = ValueCodec(topics.POSTING_STATE, OutboundState, REGISTRY)
ERPS = """
erps:
  - {name: main, kind: tryton, address: "https://t.example.com", database: d, user: u, secrets: {password: {env: P}}}
"""
DELIVERIES = 4
TOLD = [
    one for number in range(DELIVERIES)
    for one in (posting(delivery=f"D{number}"), posting(CONFIRMATION, f"D{number}"), posting(PROOF, f"D{number}"))
]
TOLD += [reversal(TOLD[1]), reversal(TOLD[3])]
Topic = list[tuple[bytes, bytes | None]]


@pytest.fixture(scope="module")
def erps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("erp") / "erp.yaml"
    file.write_text(ERPS)
    return file


class World:
    """One partition: the stage, its topics, and a sender that answers what it is told to."""

    def __init__(self, erps: Path) -> None:
        self.handler, self.store, self.now = PostingsHandler(Settings(erp_file=erps), REGISTRY, {}), Store(), NOW
        self.topics: dict[str, Topic] = {topics.ERP_POSTINGS.name: [], topics.POSTING_ATTEMPTS.name: []}
        self.read = dict.fromkeys(self.topics, 0)
        self.changelog: Topic = []
        self.requests: list[OutboundRequest] = []
        self.outcomes: dict[str, OutboundOutcome] = {}
        self.answered = 0

    def tell(self, told: ErpPosting) -> None:
        self.topics[topics.ERP_POSTINGS.name].append((told.delivery_id.encode(), POSTINGS.encode(told)))

    def answer(self, place: int, result: AttemptResult) -> None:
        request = self.requests[place]
        retry_at = self.now + SECOND if result is AttemptResult.LIMITED else None
        answer = ATTEMPTS.encode(answered(request, result, "said", retry_at=retry_at))
        self.topics[topics.POSTING_ATTEMPTS.name].append((request.queue.encode(), answer))

    def take(self, topic: str, most: int, dies_after: int | None = None) -> None:
        at = self.read[topic]
        some = self.topics[topic][at: at + most]
        records = [FakeRecord(topic, 0, at + place, key=key, value=value) for place, (key, value) in enumerate(some)]
        if records and self._write(self.handler.handle(records, self.store, self.now), dies_after):
            self.read[topic] += len(records)

    def sweep(self, dies_after: int | None = None) -> None:
        self._write(self.handler.sweep(self.store, self.now), dies_after)

    def _write(self, handled: Handled, dies_after: int | None) -> bool:
        """False where the stage died on the way, after so many records of its changelog."""
        assert not handled.refused
        self.requests += [REQUESTS.decode(one["value"]) for one in sent_to(handled, topics.POSTING_REQUESTS.name)]
        for message in sent_to(handled, topics.POSTING_OUTCOMES.name):
            outcome = OUTCOMES.decode(message["value"])
            self.outcomes[outcome.message_id] = outcome
        changes = [(key, change.changelog) for key, change in handled.changes.items()]
        self.changelog += changes[:dies_after]
        if dies_after is None:
            self.store.apply(handled)
            return True
        self.store = Store()
        for key, value in self.changelog:
            self.store.write({key: None} if value is None else self.handler.local_writes(key, value))
        return False

    def records(self) -> Iterator[OutboundState]:
        kept = dict(self.changelog)
        return (STATES.decode(value) for value in kept.values() if value is not None)

    def all_answers_again(self) -> None:
        """Read, answer and let pass what there is, until nothing happens for hours."""
        quiet = 0
        while quiet < 3:
            before = len(self.requests), len(self.changelog)
            for topic in self.topics:
                while self.read[topic] < len(self.topics[topic]):
                    self.take(topic, 5)
            for place in range(self.answered, len(self.requests)):
                self.answer(place, AttemptResult.ACCEPTED)
            self.answered = len(self.requests)
            self.sweep()
            quiet = 0 if (len(self.requests), len(self.changelog)) != before else quiet + 1
            self.now += HOUR if quiet else 10 * SECOND


KILLED = st.one_of(st.none(), st.none(), st.integers(0, 3))
RESULTS = st.sampled_from([
    AttemptResult.ACCEPTED, AttemptResult.UNAVAILABLE, AttemptResult.UNAVAILABLE, AttemptResult.LIMITED, None,
])


class Round(NamedTuple):
    """One thing after the other. ``killed``: after so many records of the changelog, at postings, at answers and
    at what is due; ``results``: of the next requests, None where the request or its answer is lost."""

    told: int
    taken: int
    killed: tuple[int | None, int | None, int | None]
    results: list[AttemptResult | None]
    passed: int


ROUNDS = st.lists(st.builds(
    Round, st.integers(0, 4), st.integers(1, 4), st.tuples(KILLED, KILLED, KILLED), st.lists(RESULTS, max_size=4),
    st.sampled_from([0, SECOND, 6 * SECOND, 60 * SECOND]),
), max_size=12)


@settings(deadline=None)
@given(rounds=ROUNDS)
def test_once_all_answer_again_every_posting_is_made(erps: Path, rounds: list[Round]) -> None:
    world, told = World(erps), iter(TOLD)
    for one in rounds:
        for posted in islice(told, one.told):
            world.tell(posted)
        postings, answers, due = one.killed
        world.take(topics.ERP_POSTINGS.name, one.taken, postings)
        for place, result in zip(range(world.answered, len(world.requests)), one.results, strict=False):
            world.answered = place + 1
            if result is not None:
                world.answer(place, result)
        world.take(topics.POSTING_ATTEMPTS.name, one.taken, answers)
        world.now += one.passed
        world.sweep(due)
    for posted in told:
        world.tell(posted)
    world.all_answers_again()
    assert {one.status for one in world.outcomes.values()} <= {OutboundStatus.SENT, OutboundStatus.WITHDRAWN}
    assert len({one.source_id for one in world.outcomes.values()}) == 3 * DELIVERIES
    for record in world.records():
        assert record.queue is None or not record.queue.waiting
        assert record.destination is None or not record.destination.on_trial


def test_a_trial_that_no_queue_knows_of_is_made_again_after_a_restart(erps: Path) -> None:
    world = World(erps)
    for number in range(5):
        world.tell(posting(delivery=f"D{number}"))
    _fail_all(world)
    world.now += 6 * SECOND
    before = len(world.requests)
    world.sweep(dies_after=1)
    assert len(world.requests) == before + 1
    assert [one.destination.on_trial for one in world.records() if one.destination is not None] == [True]
    world.sweep()
    assert len(world.requests) == before + 2, "the trial is made again"


def test_entries_of_queues_that_wait_no_more_hide_none_that_do(erps: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound_records, "MOST_READY", 2)
    world = World(erps)
    for number in range(20):
        world.tell(posting(delivery=f"D{number}"))
    world.take(topics.ERP_POSTINGS.name, 20)
    world.answer(0, AttemptResult.ACCEPTED)
    world.take(topics.POSTING_ATTEMPTS.name, 1)
    world.tell(posting(delivery="D9"))
    world.take(topics.ERP_POSTINGS.name, 1, dies_after=0)
    world.answered = 1
    world.all_answers_again()
    assert [one.status for one in world.outcomes.values()] == [OutboundStatus.SENT] * 20
    stale = [key for key in world.store.held if key.startswith((outbound_records.READY, outbound_records.UNDER_WAY))]
    assert stale == []


def _fail_all(world: World) -> None:
    world.take(topics.ERP_POSTINGS.name, 5)
    for place in range(5):
        world.answer(place, AttemptResult.UNAVAILABLE)
    world.take(topics.POSTING_ATTEMPTS.name, 5)
    world.answered = 5
    opened = [one.destination.retry_at for one in world.records() if one.destination is not None]
    assert opened != [None]
