"""The outbound engine with all its records in memory, and a clock that is a number."""

from __future__ import annotations

from streams.contracts.outbound import OutboundDestination, OutboundOutcome, OutboundQueue, OutboundRequest
from streams.notifications.destinations import render
from streams.outbound import destination as destinations
from streams.outbound import message_queue as queues
from streams.outbound.engine import Input, Known, Render, destination_key, look_at, take_in
from streams.outbound.policy import Policy
from tests.support.outbound_inputs import NOW


class Outside:
    """Applies steps to its records. ``requests``: asked for since they were last taken; ``outcomes``: all."""

    def __init__(self, policy: Policy | None = None, rendered: Render = render) -> None:
        self.policy, self.now, self._render = policy or Policy(), NOW, rendered
        self.queues: dict[str, OutboundQueue] = {}
        self.destinations: dict[str, OutboundDestination] = {}
        self.requests: list[OutboundRequest] = []
        self.outcomes: list[OutboundOutcome] = []
        self.counts: dict[str, int] = {}

    def __call__(self, *chunk: Input) -> list[OutboundRequest]:
        """Take in a chunk; the attempts it asks for."""
        return self._apply(take_in(chunk, self._known(), self.policy, self._render, self.now))

    def sweep(self) -> list[OutboundRequest]:
        """Let the clock do what is due; the attempts asked for."""
        due = [
            key for key, one in self.queues.items()
            if (at := queues.next_due(one, self.policy)) is not None and at <= self.now
        ]
        due += [
            destination_key(name) for name, one in self.destinations.items()
            if (at := destinations.next_due(one)) is not None and at <= self.now
        ]
        return self._apply(look_at(due, self._known(), self.policy, self._render, self.now))

    def next_due(self) -> int | None:
        """When the clock has something to do next."""
        at = [queues.next_due(one, self.policy) for one in self.queues.values() if one.waiting]
        at += [destinations.next_due(one) for one in self.destinations.values()]
        return min((one for one in at if one is not None and one > self.now), default=None)

    def _known(self) -> Known:
        ready: dict[str, list[str]] = {}
        waiting = ((one.ready_since, key, one) for key, one in self.queues.items() if one.ready_since is not None)
        for _, key, one in sorted(waiting, key=lambda found: found[:2]):
            ready.setdefault(one.destination, []).append(key)
        return Known(self.queues, self.destinations, ready)

    def _apply(self, result) -> list[OutboundRequest]:
        for key, one in result.states.items():
            if one is None:
                self.queues.pop(key)
            elif isinstance(one, OutboundQueue):
                self.queues[key] = one
            else:
                self.destinations[one.destination] = one
        self.counts = dict(result.counts)
        self.outcomes += result.outputs.outcomes
        self.requests += result.outputs.requests
        return list(result.outputs.requests)
