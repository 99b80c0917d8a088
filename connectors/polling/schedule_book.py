"""The poll schedule of one feed in memory: each number's state, which is due next, and which are being polled.

One event loop uses it. News from orders and shipments about a number that is being polled is applied after the
carrier's answer, so that neither overwrites the other.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from streams.contracts.model import PollState
from streams.kernel.vocabulary import PollEnd, Status
from streams.polling.schedule import Schedule, after_claim, asked_once, new_number, with_status


class KnownStatus(NamedTuple):
    """A shipment's status and when it was reported, UTC ms."""

    status: Status
    reported_at: int


class ScheduleBook:
    """The numbers of ``carrier`` that ``feed`` is polled for, as often as ``schedule`` says."""

    def __init__(self, feed: str, carrier: str, schedule: Schedule) -> None:
        self.feed, self.carrier, self.schedule = feed, carrier, schedule
        self._states: dict[str, PollState] = {}
        self._early: dict[str, KnownStatus] = {}
        self._heap: list[tuple[int, str]] = []
        self._asked: set[str] = set()
        self._unsaved: dict[str, PollState] = {}
        self.ended: Counter[PollEnd] = Counter()
        """How many numbers ended, by reason."""

    def __len__(self) -> int:
        return len(self._states)

    def __iter__(self) -> Iterator[PollState]:
        return iter(self._states.values())

    def __getitem__(self, number: str) -> PollState:
        return self._states[number]

    def put(self, state: PollState, now_ms: int) -> None:
        """Enter a number's saved state; it is no longer being polled."""
        number = state.tracking_number
        self._enter(state)
        self._asked.discard(number)
        known = self._early.pop(number, None)
        if known is not None:
            self._set_status(state, known, now_ms)

    def claim(self, number: str, updated_at: int, now_ms: int) -> None:
        """Enter that an order names the number. ``updated_at``: of the order, UTC ms."""
        state = self._states.get(number)
        if state is None:
            known = self._early.pop(number, None)
            status = Status.UNKNOWN if known is None else known.status
            self._change(new_number(self.feed, self.carrier, number, status, now_ms))
        elif number not in self._asked and (again := after_claim(state, updated_at, now_ms)) is not state:
            self._change(again)

    def chase(self, number: str, wanted_at: int, now_ms: int) -> None:
        """Enter that a document of the number is missing. ``wanted_at``: since when, UTC ms."""
        state = self._states.get(number)
        if state is not None and number not in self._asked:
            again = asked_once(state, wanted_at, now_ms)
            if again is not state:
                self._change(again)

    def set_status(self, number: str, known: KnownStatus, now_ms: int) -> None:
        """Enter the shipment's status; it is kept for later where no order names the number yet."""
        state = self._states.get(number)
        if state is None or number in self._asked:
            self._early[number] = known
        else:
            self._set_status(state, known, now_ms)

    def take(self, now_ms: int, most: int) -> list[PollState]:
        """Returns up to ``most`` numbers that are due, longest due first; they are being polled until ``put``."""
        taken: list[PollState] = []
        while len(taken) < most and (due := self.next_due()) is not None and due <= now_ms:
            _, number = heapq.heappop(self._heap)
            self._asked.add(number)
            taken.append(self._states[number])
        return taken

    def next_due(self) -> int | None:
        """Returns when the next number is due that is not being polled, UTC ms; None where there is none."""
        while self._heap:
            due, number = self._heap[0]
            if number not in self._asked and self._states[number].due_at == due:
                return due
            heapq.heappop(self._heap)
        return None

    def unsaved(self) -> list[PollState]:
        """The numbers that orders and shipments changed since the last call."""
        changed, self._unsaved = list(self._unsaved.values()), {}
        return changed

    def not_saved(self, states: list[PollState]) -> None:
        """Save these with the next ones, unless newer states are known."""
        self._unsaved = {state.tracking_number: state for state in states} | self._unsaved

    def _set_status(self, state: PollState, known: KnownStatus, now_ms: int) -> None:
        changed = with_status(state, known.status, known.reported_at, self.schedule, now_ms)
        if changed is not state:
            self._change(changed)

    def _change(self, state: PollState) -> None:
        self._enter(state)
        self._unsaved[state.tracking_number] = state

    def _enter(self, state: PollState) -> None:
        before = self._states.get(state.tracking_number)
        if before is not None and before.ended is not PollEnd.NONE:
            self.ended[before.ended] -= 1
        if state.ended is not PollEnd.NONE:
            self.ended[state.ended] += 1
        self._states[state.tracking_number] = state
        if state.due_at is not None:
            heapq.heappush(self._heap, (state.due_at, state.tracking_number))
