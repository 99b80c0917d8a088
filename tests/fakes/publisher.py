"""A publisher that keeps a poller's responses and cursors in memory, in their order."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.carrier_api.response import Response
from streams.contracts.model import PollState
from streams.kernel.errors import Transient
from streams.resilience.circuit_breaker import Circuit


class FakePublisher:
    """``fails``: so many deliveries fail before one succeeds."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.forwarded: list[Response] = []
        self.asked: list[str] = []
        self.saved: list[PollState] = []
        self.circuits: list[Circuit] = []
        self.fails = 0

    async def forward(
        self, feed: str, response: Response, received_at: int, request_id: str, asked_number: str = ""
    ) -> None:
        self._fail()
        self.calls.append(f"forward {feed}")
        assert received_at > 0
        assert request_id
        self.asked.append(asked_number)
        self.forwarded.append(response)

    async def save(self, states: Sequence[PollState]) -> None:
        self._fail()
        self.calls.append(f"save {len(states)}")
        self.saved.extend(states)

    async def circuit(self, feed: str, circuit: Circuit) -> None:
        assert feed
        self.circuits.append(circuit)

    def _fail(self) -> None:
        if self.fails:
            self.fails -= 1
            raise Transient("the broker does not answer")
