"""A worker's place in the group: an answer of the broker counts for half a session time-out, and no longer."""

from __future__ import annotations

import asyncio

import pytest

from topologies.runtime.reading.membership import Membership


class Broker:
    """Says yes until told otherwise. ``seconds``: the clock."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.member = True
        self.asked = 0
        self.takes = 0.0
        self.membership = Membership(10, lambda: self.seconds)
        self.membership.ask = self.ask

    async def ask(self) -> bool:
        self.asked += 1
        self.seconds += self.takes
        return self.member


def held(broker: Broker) -> bool:
    return asyncio.run(broker.membership.holds())


def test_an_answer_counts_for_half_a_session() -> None:
    broker = Broker()
    assert held(broker)
    broker.seconds = 4.9
    assert held(broker)
    assert broker.asked == 1
    broker.seconds, broker.member = 5.0, False
    assert not held(broker)
    assert not held(broker)
    assert broker.asked == 3


def test_it_counts_from_when_it_was_asked_for_not_from_when_it_came() -> None:
    """The process may be frozen between the broker's answer and its reading."""
    broker = Broker()
    broker.takes = 6.0
    assert held(broker)
    assert held(broker)
    assert broker.asked == 2


def test_a_new_assignment_is_asked_for() -> None:
    broker = Broker()
    assert held(broker)
    broker.membership.forget()
    broker.member = False
    assert not held(broker)


def test_a_broker_that_says_nothing_has_said_no() -> None:
    membership = Membership(0.01)

    async def never() -> bool:
        await asyncio.Event().wait()
        return True

    membership.ask = never
    assert not asyncio.run(membership.holds())


def test_without_a_group_there_is_nothing_to_ask() -> None:
    assert asyncio.run(Membership(10).holds())


@pytest.mark.parametrize("member", [True, False])
def test_a_thread_asks_through_the_event_loop(member: bool) -> None:
    broker = Broker()
    broker.member = member

    async def act() -> bool:
        loop = asyncio.get_running_loop()
        return await asyncio.to_thread(broker.membership.holds_for, loop)

    assert asyncio.run(act()) is member
    assert broker.asked == 1
