"""An endpoint that failed for days raises one alert, which ends when somebody enables or removes the endpoint."""

from __future__ import annotations

from streams.contracts.model import AlertSignal
from streams.contracts.outbound import EndpointSetting
from streams.kernel.outbound_vocabulary import AttemptResult
from streams.kernel.vocabulary import AlertKind, AlertState
from streams.notifications.disabled_endpoints import signals
from streams.outbound.engine import Input, destination_key
from tests.support.outbound_inputs import attempt, endpoint, message
from tests.support.outbound_world import Outside

DAY = 24 * 3_600_000


class Watched(Outside):
    """The engine, and the signals its changes cause."""

    def tell(self, *chunk: Input) -> list[AlertSignal]:
        before = {destination_key(name): one for name, one in self.destinations.items()}
        self.requests.clear()
        self(*chunk)
        after = {destination_key(name): one for name, one in self.destinations.items()}
        return signals(before, after, self.now)

    def fail(self, result: AttemptResult = AttemptResult.UNAVAILABLE) -> list[AlertSignal]:
        request = self.requests[-1]
        return self.tell(attempt(request, result, self.now, detail="500 no disk"))


def disabled() -> tuple[Watched, list[AlertSignal]]:
    world = Watched()
    world(EndpointSetting("webhook:ep_1", "C-1", endpoint()), message())
    told = world.fail()
    assert told == []
    for _ in range(200):
        world.now = world.next_due() or world.now
        world.requests.clear()
        if world.sweep():
            told = world.fail()
        if told:
            return world, told
    raise AssertionError("it is never disabled")


def test_days_of_failure_raise_one_alert_that_says_whose_and_why() -> None:
    world, [raised] = disabled()
    assert (raised.kind, raised.state, raised.subject) == (
        AlertKind.ENDPOINT_DISABLED, AlertState.RAISED, "webhook:ep_1"
    )
    assert raised.message == "Endpoint ep_1 of customer C-1 accepted nothing for 3 days and is disabled: 500 no disk"
    assert world.tell(message("u2")) == []


def test_enabling_it_again_resolves_the_alert() -> None:
    world, [raised] = disabled()
    world.now += DAY
    [ended] = world.tell(EndpointSetting("webhook:ep_1", "C-1", endpoint(enabled_at=world.now)))
    assert (ended.alert_id, ended.state) == (raised.alert_id, AlertState.RESOLVED)
    assert ended.said_at > raised.said_at


def test_removing_it_resolves_the_alert() -> None:
    world, [raised] = disabled()
    [ended] = world.tell(EndpointSetting("webhook:ep_1", "C-1", None))
    assert (ended.alert_id, ended.state, ended.message) == (
        raised.alert_id, AlertState.RESOLVED, "Endpoint ep_1 of customer C-1 is removed"
    )


def test_an_endpoint_that_is_gone_is_disabled_at_once() -> None:
    world = Watched()
    world(EndpointSetting("webhook:ep_1", "C-1", endpoint()), message())
    [raised] = world.fail(AttemptResult.GONE)
    assert raised.message == "Endpoint ep_1 of customer C-1 is disabled: 500 no disk"
