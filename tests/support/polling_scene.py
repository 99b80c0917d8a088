"""A poller of one carrier, with its schedule book, publisher and a clock that stands still."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from connectors.polling.client import CarrierClient
from connectors.polling.schedule_book import ScheduleBook
from connectors.polling.worker import Poller
from tests.fakes.carrier_api import CarrierApi, carrier
from tests.fakes.publisher import FakePublisher
from tests.support.clock import FakeClock

NOW = 1_790_000_000_000
SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000
DAY = 24 * HOUR
MIDDLE = 0.5


class Scene:
    """One poller with its schedule book and publisher, and the clock they go by."""

    def __init__(self, api: CarrierApi, home: Path, how: str, rates: str, concurrency: int) -> None:
        self.api, self.clock, self.publisher = api, FakeClock(NOW), FakePublisher()
        one = carrier(home, api.base_url, how, rates, concurrency)
        self.book = ScheduleBook("acme", "acme", one.plan.schedule)
        client = CarrierClient(one, 100_000, self.now)
        self.poller = Poller(one, client, self.book, self.publisher, self.now, lambda: MIDDLE)

    def now(self) -> int:
        return int(self.clock())

    def watch(self, *numbers: str) -> None:
        for number in numbers:
            self.book.claim(number, self.now(), self.now())

    async def send_due(self, after: int = 0) -> int | None:
        """Lets ``after`` ms pass, sends what is due and awaits the responses. Returns the next wait, ms."""
        self.clock.advance(after)
        for _ in range(50):
            wait = await self.poller.send_due()
            if not self.poller.busy:
                return wait
            await self.poller.idle()
        raise AssertionError("it asks again and again")


Act = Callable[[Scene], Awaitable[None]]
