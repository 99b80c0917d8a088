"""The numbers of one feed in memory: what is known of each, which is due next, and which are being asked for.

Held by one event loop. What orders and shipments say of a number while it is asked for is applied after the
answer, so that neither undoes the other.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from streams.contracts.model import PollState
from streams.kernel.vocabulary import PollEnd, Status
from streams.polling.schedule import Schedule, claimed, stands, watched


class Standing(NamedTuple):
    """A shipment's status and when it was told, UTC ms."""

    status: Status
    told_at: int


class Book:
    """``feed`` is asked for numbers of ``carrier``, as often as ``schedule`` says."""

    def __init__(self, feed: str, carrier: str, schedule: Schedule) -> None:
        self.feed, self.carrier, self.schedule = feed, carrier, schedule
        self._states: dict[str, PollState] = {}
        self._standing: dict[str, Standing] = {}
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
        """Enter what is known, and saved, of a number; it is not being asked for any more."""
        number = state.tracking_number
        self._enter(state)
        self._asked.discard(number)
        standing = self._standing.pop(number, None)
        if standing is not None:
            self._stand(state, standing, now_ms)

    def claim(self, number: str, updated_at: int, now_ms: int) -> None:
        """An order of this time names the number."""
        state = self._states.get(number)
        if state is None:
            standing = self._standing.pop(number, None)
            status = Status.UNKNOWN if standing is None else standing.status
            self._change(watched(self.feed, self.carrier, number, status, now_ms))
        elif number not in self._asked and (again := claimed(state, updated_at, now_ms)) is not state:
            self._change(again)

    def stand(self, number: str, standing: Standing, now_ms: int) -> None:
        """The shipment's status became known. Kept for later where nobody asks for the number yet."""
        state = self._states.get(number)
        if state is None or number in self._asked:
            self._standing[number] = standing
        else:
            self._stand(state, standing, now_ms)

    def take(self, now_ms: int, most: int) -> list[PollState]:
        """Up to so many numbers that are due, longest due first; they are being asked for until put."""
        taken: list[PollState] = []
        while len(taken) < most and (due := self.next_due()) is not None and due <= now_ms:
            _, number = heapq.heappop(self._heap)
            self._asked.add(number)
            taken.append(self._states[number])
        return taken

    def next_due(self) -> int | None:
        """When the next number is due that is not being asked for; None: none is."""
        while self._heap:
            due, number = self._heap[0]
            if number not in self._asked and self._states[number].due_at == due:
                return due
            heapq.heappop(self._heap)
        return None

    def unsaved(self) -> list[PollState]:
        """What changed otherwise than by being asked for, since the last call."""
        changed, self._unsaved = list(self._unsaved.values()), {}
        return changed

    def not_saved(self, states: list[PollState]) -> None:
        """They are to be saved with the next, as far as nothing newer is known of them."""
        self._unsaved = {state.tracking_number: state for state in states} | self._unsaved

    def _stand(self, state: PollState, standing: Standing, now_ms: int) -> None:
        changed = stands(state, standing.status, standing.told_at, self.schedule, now_ms)
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
