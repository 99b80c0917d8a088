"""Routes: the first that fits, by every field a route may name."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from streams.alerts.routing import NOWHERE, AlertPolicy, Match, Route, is_gathered, more_severe, route_of
from streams.contracts.model import AlertSignal, AtStake
from streams.kernel.vocabulary import AlertKind, ExceptionType, Severity
from tests.support.alert_strategies import POLICY, UP, signal

SAID = signal(UP, 1)


def taken(match: Match, said: AlertSignal = SAID) -> bool:
    return route_of(said, AlertPolicy(routes=(Route(match, "desk"),))).owner == "desk"


@pytest.mark.parametrize(
    ("fits", "does_not"),
    [
        ({"kinds": {AlertKind.SHIPMENT_STALLED}}, {"kinds": {AlertKind.FEED_STALE}}),
        ({"severities": {Severity.INFO, Severity.WARNING}}, {"severities": {Severity.CRITICAL}}),
        ({"exceptions": {ExceptionType.DELAY}}, {"exceptions": {ExceptionType.LOSS}}),
        ({"carriers": {"north"}}, {"carriers": {"south"}}),
        ({"feeds": {"north.track"}}, {"feeds": {"south.track"}}),
        ({"customers": {"C-1", "C-2"}}, {"customers": {"C-2"}}),
        ({"value_at_least": 100.0}, {"value_at_least": 100.01}),
        ({"value_at_least": 100.0, "currency": "EUR"}, {"value_at_least": 1.0, "currency": "USD"}),
    ],
    ids=lambda one: next(iter(one)),
)
def test_a_route_is_taken_by_what_it_names(fits: dict[str, Any], does_not: dict[str, Any]) -> None:
    def match(fields: dict[str, Any]) -> Match:
        return Match(**{name: frozenset(value) if isinstance(value, set) else value for name, value in fields.items()})

    assert taken(match(fits))
    assert not taken(match(does_not))
    assert not taken(Match(**{**_frozen(fits), "carriers": frozenset({"south"})}))


def _frozen(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: frozenset(value) if isinstance(value, set) else value for name, value in fields.items()}


def test_a_route_that_names_nothing_takes_all_and_the_first_that_fits_counts() -> None:
    elsewhere = Match(feeds=frozenset({"other"}))
    policy = AlertPolicy(routes=(Route(elsewhere, "one"), Route(owner="two"), Route(owner="three")))
    assert route_of(SAID, policy).owner == "two"
    assert route_of(SAID, AlertPolicy()) is NOWHERE


def test_value_is_weighed_currency_by_currency() -> None:
    mixed = replace(SAID, at_stake=[AtStake("EUR", 60.0), AtStake("USD", 60.0)])
    assert not taken(Match(value_at_least=100.0), mixed)


def test_severity_goes_up_to_the_most_severe() -> None:
    assert [more_severe(one) for one in Severity] == [Severity.WARNING, Severity.CRITICAL, Severity.CRITICAL]


def test_only_declared_kinds_of_a_known_feed_are_gathered() -> None:
    assert is_gathered(SAID, POLICY)
    assert not is_gathered(replace(SAID, feed=None), POLICY)
    assert not is_gathered(replace(SAID, kind=AlertKind.ORDER_NOT_FOUND), POLICY)
