"""How a stage writes: what the cluster is able to, unless told otherwise."""

from __future__ import annotations

import pytest

from config.settings import Processing, Settings
from connectors.embedded.broker import EmbeddedBroker
from streams.kernel.errors import Fatal, Transient
from topologies.runtime.writing.processing import cluster_has_transactions, offers_transactions, resolve

AUTO, ONCE, AT_LEAST = Processing.AUTO, Processing.EXACTLY_ONCE, Processing.AT_LEAST_ONCE


@pytest.mark.parametrize(
    ("asked", "possible", "chosen"),
    [(AUTO, True, ONCE), (AUTO, False, AT_LEAST), (ONCE, True, ONCE), (AT_LEAST, True, AT_LEAST),
     (AT_LEAST, False, AT_LEAST)],
)
def test_the_cluster_decides_where_nothing_is_asked(asked: Processing, possible: bool, chosen: Processing) -> None:
    assert resolve(Settings(processing=asked), lambda _: possible) is chosen


def test_auto_is_the_default() -> None:
    assert Settings().stage.processing is AUTO


def test_exactly_once_without_transactions_is_refused_with_the_remedy() -> None:
    with pytest.raises(Fatal, match="SHIPSYNC_PROCESSING to auto or at_least_once"):
        resolve(Settings(processing=ONCE), lambda _: False)


def test_a_start_waits_for_the_cluster_and_not_for_ever() -> None:
    answers = iter([Transient("not yet"), True])

    def ask(settings: Settings) -> bool:
        del settings
        answer = next(answers)
        if isinstance(answer, Transient):
            raise answer
        return answer

    assert resolve(Settings(), ask, lambda _: None) is ONCE

    def never(settings: Settings) -> bool:
        del settings
        raise Transient("not now")

    with pytest.raises(Fatal, match="not now"):
        resolve(Settings(stuck_timeout=1e-9), never, lambda _: None)


def test_to_know_how_a_transaction_ends_is_not_to_keep_it() -> None:
    assert offers_transactions(frozenset({22, 24, 26, 27}))
    assert offers_transactions(frozenset({22, 24, 26, 65}))
    assert not offers_transactions(frozenset({22, 24, 26, 28}))
    assert not offers_transactions(frozenset({0, 1}))


@pytest.mark.broker
def test_the_embedded_broker_has_no_transactions(broker: EmbeddedBroker) -> None:
    assert not cluster_has_transactions(Settings(bootstrap=broker.bootstrap))


@pytest.mark.kafka
def test_apache_kafka_has_transactions(kafka_bootstrap: str) -> None:
    assert cluster_has_transactions(Settings(bootstrap=kafka_bootstrap))


def test_a_cluster_that_does_not_answer_is_transient() -> None:
    with pytest.raises(Transient, match=r"127\.0\.0\.1:1"):
        cluster_has_transactions(Settings(bootstrap="127.0.0.1:1"))
