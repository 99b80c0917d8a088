"""The warning of a partition in which a transaction stays open: when it is given, and when not."""

from __future__ import annotations

import pytest

from tests.support.clock import FakeClock
from topologies.runtime.reading.chunks import TopicPartition
from topologies.runtime.reading.open_transactions import OpenTransactions

EVENTS = TopicPartition("shipment.events.v1", 2)


class Looks:
    """A look each second; ``true_end``: what the broker says."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.open = OpenTransactions(60.0, self.clock)
        self.true_end = 10
        self.open.came_to_end(EVENTS, 10)

    def go_on(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.advance(1.0)
            self.open.look(lambda _: self.true_end)


def test_it_is_named_once_it_has_been_open_for_the_patience_and_again_as_much_later(
    caplog: pytest.LogCaptureFixture,
) -> None:
    looks = Looks()
    looks.go_on(500)
    looks.true_end = 11
    looks.go_on(60)
    assert caplog.messages == []
    looks.go_on(59)
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith(
        "shipment.events.v1[2]: a transaction has been open at offset 10 for 60 s; where that goes on, the broker has"
    )
    looks.go_on(2)
    assert ["for 120 s" in message for message in caplog.messages] == [False, True]


@pytest.mark.parametrize("meanwhile", ["read on", "another end", "ended", "taken away"])
def test_nothing_is_said_where_it_ended_or_the_partition_went(
    meanwhile: str, caplog: pytest.LogCaptureFixture
) -> None:
    looks = Looks()
    looks.true_end = 11
    looks.go_on(59)
    match meanwhile:
        case "read on":
            looks.open.came_to_end(EVENTS, None)
        case "another end":
            looks.open.came_to_end(EVENTS, 11)
            looks.true_end = 12
        case "ended":
            looks.true_end = 10
            looks.go_on(1)
            looks.true_end = 11
        case "taken away":
            looks.open.forget()
    looks.go_on(59)
    assert caplog.messages == []
