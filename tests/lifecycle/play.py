"""Plays the script's acts, each once the one before has come to its end, and what people and partners do meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from config.settings import Settings
from connectors.kafka.registry import Registry
from streams.contracts.bookings import BookingState
from streams.kernel.booking_vocabulary import BookingAction, BookingPhase, BookingStatus
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import DeliveryPhase, FulfilmentAction, OutboundStatus, PostingKind
from tests.lifecycle.account import Account
from tests.lifecycle.ends import ENDS, Act, Story
from tests.lifecycle.erps import Erp
from tests.lifecycle.haulage import Haulier
from tests.lifecycle.reached import Reached, differences, reached
from tests.lifecycle.script import Script, Scripted
from topologies.demo.ledger import Ledger
from topologies.demo.play import Player
from topologies.operations import booking_board, fulfilment_board
from topologies.operations.command_actor import command_actor

LOOK, SAY_SECONDS = 1.0, 20.0
Say = Callable[[str], None]
DECIDED = {
    Story.SHORT: (BookingPhase.HELD, BookingAction.BOOK, "the customer takes three for now"),
    Story.COUNTERED: (BookingPhase.COUNTERED, BookingAction.ACCEPT, "a day later will do"),
}
_WAITS = frozenset({Story.LATE_PROOF, Story.NO_PROOF, Story.WAIVED})


class Stalled(Exception):
    """Nothing has happened for as long as there was patience."""


class Play(NamedTuple):
    """A run of the script. ``patience``: seconds for which nothing may happen; ``beside``: called between looks, as to
    have the stack start what ended."""

    told: Script
    settings: Settings
    account: Account
    erp: Erp
    haulier: Haulier
    patience: float
    say: Say
    beside: Callable[[], None]

    def acts(self) -> None:
        """Tell the acts. Raises Stalled."""
        told, settings, account, say = self.told, self.settings, self.account, self.say
        player = Player(settings, Registry(settings), told.plan, Ledger(told.plan), _now_ms)
        of = _by_story(told.orders)

        def act(one: Act) -> None:
            player.send_due(one.value)
            player.finish()

        act(Act.RELEASED)
        wanted = {one.delivery_id: ENDS[one.story].booking for one in told.orders if ENDS[one.story].booking.carriers}
        open_decisions = {one.delivery_id: one.story for story in DECIDED for one in of[story]}

        def booked() -> tuple[int, int]:
            self.haulier.look()
            self._decide_bookings(open_decisions)
            known = ((account.bookings.get(name), end) for name, end in wanted.items())
            return sum(state is not None and _carriers(state) == end.carriers for state, end in known), len(wanted)

        self._until(booked, "deliveries are booked")
        say(f"{len(wanted)} deliveries are booked; the carriers collect")
        act(Act.LEAVES)
        issues = sum(
            ENDS[one.story].postings.get(PostingKind.GOODS_ISSUE, 0)
            for one in told.orders if one.story is not Story.OUTAGE
        )
        self._until(lambda: (account.posted(PostingKind.GOODS_ISSUE), issues), "goods issues are posted")
        say(f"{issues} goods issues are posted; the ERP goes away, and goods arrive")
        self.erp.go_away()
        act(Act.ARRIVES)
        self._until(lambda: (self._in_vain(), 1), "attempts found no ERP")
        waiting = [one.delivery_id for story in _WAITS for one in of[story]]
        self._until(lambda: (self._waiting(waiting), len(waiting)), "deliveries without proof wait")
        self.erp.come_back()
        say("the ERP is back; proofs, returns, bills and a courier's whole history come; finance waives")
        act(Act.CATCHES_UP)
        for one in of[Story.WAIVED]:
            known = fulfilment_board.known_of(settings, one.delivery_id)
            fulfilment_board.decide(
                settings, known, FulfilmentAction.WAIVE, "the customer confirmed it by mail", command_actor(settings),
                _now_ms(),
            )

    def settled(self) -> dict[str, Reached]:
        """Where all orders are, once each is where it must be, or nothing happens any more."""
        orders, found = self.told.orders, dict[str, Reached]()

        def right() -> tuple[int, int]:
            found.update(reached(orders, self.account, self.erp))
            return len(orders) - len(list(differences(orders, found, self.erp))), len(orders)

        try:
            self._until(right, "orders are where the script says")
        except Stalled as error:
            self.say(str(error))
        return found

    def _decide_bookings(self, open_decisions: dict[str, Story]) -> None:
        """Decide about deliveries that wait for a person."""
        for name, story in list(open_decisions.items()):
            phase, action, reason = DECIDED[story]
            known = self.account.bookings.get(name)
            if known is None or known.phase is not phase:
                continue
            try:
                booking_board.decide(
                    self.settings, known, action, reason, command_actor(self.settings), _now_ms()
                )
            except Transient as error:
                self.say(f"{error}; it is tried again")
                return
            del open_decisions[name]

    def _in_vain(self) -> int:
        return sum(one.status is OutboundStatus.RETRYING for one in self.account.outcomes.values())

    def _waiting(self, deliveries: Sequence[str]) -> int:
        known = (self.account.deliveries.get(one) for one in deliveries)
        return sum(one is not None and one.phase is DeliveryPhase.WAITING_FOR_PROOF for one in known)

    def _until(self, done: Callable[[], tuple[int, int]], what: str) -> None:
        """Wait until as many are ``done`` as have to be; raises Stalled where nothing happens for too long."""
        records, at = -1, time.monotonic()
        said = at
        while True:
            self.beside()
            self.account.look()
            many, wanted = done()
            now = time.monotonic()
            if many >= wanted:
                return
            if self.account.records != records:
                records, at = self.account.records, now
            if now - at > self.patience:
                raise Stalled(f"nothing has happened for {self.patience:g} s: {many} of {wanted} {what}")
            if now - said > SAY_SECONDS:
                said = now
                self.say(f"{many} of {wanted} {what}")
            time.sleep(LOOK)


def _by_story(orders: Sequence[Scripted]) -> dict[Story, list[Scripted]]:
    return {story: [one for one in orders if one.story is story] for story in Story}


def _carriers(state: BookingState) -> tuple[tuple[str, BookingStatus], ...]:
    return tuple((one.carrier, one.status) for one in state.bookings)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
