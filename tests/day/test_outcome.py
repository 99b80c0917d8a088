"""Two outcomes that differ are told apart, whatever it is they differ in."""

import pytest

from config import topics
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import ShipmentState
from tests.day.outcome import Outcome, differences, expected, unaccounted
from tests.day.recording import record
from tests.support.registry import fake_registry

DAY = record(400, 1, 1_790_000_000_000)
REGISTRY = fake_registry()
STATES = ValueCodec(topics.SHIPMENT_STATE, ShipmentState, REGISTRY)
PLAIN = expected(REGISTRY, DAY)


def test_an_outcome_does_not_differ_from_itself_and_adds_up() -> None:
    assert list(differences("it", PLAIN, PLAIN)) == []
    assert list(unaccounted(DAY, PLAIN, STATES)) == []
    assert min(len(PLAIN.states), len(PLAIN.updates), len(PLAIN.milestones), len(PLAIN.alerts)) > 0


@pytest.mark.parametrize("other", [
    PLAIN._replace(states={**PLAIN.states, next(iter(PLAIN.states)): b"another"}),
    PLAIN._replace(states=dict(list(PLAIN.states.items())[1:])),
    PLAIN._replace(alerts={}), PLAIN._replace(updates=frozenset(list(PLAIN.updates)[1:])),
    PLAIN._replace(milestones=PLAIN.milestones | {"one more"}), PLAIN._replace(events=frozenset()),
    PLAIN._replace(refused=PLAIN.refused + 1),
])
def test_whatever_differs_is_told_once(other: Outcome) -> None:
    assert len(list(differences("it", PLAIN, other))) == 1
    assert len(list(differences("it", other, PLAIN))) == 1


def test_an_event_that_is_missing_does_not_add_up() -> None:
    fewer = PLAIN._replace(events=frozenset(list(PLAIN.events)[1:]))
    assert len(list(unaccounted(DAY, fewer, STATES))) == 2
    assert len(list(unaccounted(DAY, PLAIN._replace(refused=0), STATES))) == 1
