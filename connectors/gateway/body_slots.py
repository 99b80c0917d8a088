"""Room for requests' bodies: slots per feed, per peer and in all, and bytes in all.

A body of a sender who is not proven yet gives its room up to the next one: the oldest of the peer that holds most.
So slow bodies shut nobody out, and their senders may try again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from connectors.gateway import metrics
from connectors.gateway.problems import Problem, unavailable

RETRY_SECONDS = 1
UNPROVEN_SHARE = 4
"""One in so many bytes may be of senders who are not proven yet."""


@dataclass(frozen=True)
class SlotLimits:
    """How many bodies, and bytes of them, are held at once. ``of_one_peer``: of senders not proven yet;
    ``of_a_refused_peer``: the same, after too many failed proofs."""

    in_all: int = 256
    of_one_feed: int = 64
    of_one_peer: int = 16
    of_a_refused_peer: int = 2
    size: int = 128 * 1024 * 1024


def settled() -> None:
    """The body is read: there is nothing to end."""


@dataclass(eq=False)
class Slot:
    """One body's room. ``give_way``: ends the reading of the body; it is called at most once."""

    feed: str
    peer: str
    proven: bool
    give_way: Callable[[], None] = settled
    size: int = 0
    displaced: bool = False


@dataclass
class BodySlots:
    """The room of one gateway."""

    limits: SlotLimits
    _held: dict[Slot, None] = field(default_factory=dict)

    @contextmanager
    def taken(self, feed: str, peer: str, *, proven: bool, of_one_peer: int) -> Iterator[Slot]:
        """A slot while the block runs. Raises Problem 503 where there is none, and none gives way."""
        slot = Slot(feed, peer, proven)
        self._make_room([one for one in self._held if one.feed == feed], self.limits.of_one_feed)
        if not proven:
            self._make_room([one for one in self._held if one.peer == peer and not one.proven], of_one_peer)
        self._make_room(self._held, self.limits.in_all)
        self._held[slot] = None
        self._measure()
        try:
            yield slot
        finally:
            self._held.pop(slot, None)
            self._measure()

    def grow(self, slot: Slot, size: int) -> None:
        """Note ``size`` more bytes of a body. Raises Problem 503 where they find no room."""
        slot.size += size
        while self._size(proven=False) > self.limits.size // UNPROVEN_SHARE:
            self._displace(self._held, lambda one: one.size)
        while self._size(proven=False) + self._size(proven=True) > self.limits.size:
            if not self._displace(self._held, lambda one: one.size):
                raise _full("more bytes are in hand already than are held at once")
        self._measure()
        check(slot)

    def prove(self, slot: Slot) -> None:
        """The sender is proven: the body gives way to nobody."""
        slot.proven = True
        self._measure()

    def _make_room(self, of: Iterable[Slot], most: int) -> None:
        held = list(of)
        if len(held) >= most and not self._displace(held, lambda _: 1):
            raise _full("more requests are in hand already than are taken at once")

    def _displace(self, some: Iterable[Slot], weight: Callable[[Slot], int]) -> bool:
        unproven = [one for one in some if not one.proven]
        if not unproven:
            return False
        of_peer: Counter[str] = Counter()
        for one in unproven:
            of_peer[one.peer] += weight(one)
        [(greediest, _)] = of_peer.most_common(1)
        oldest = next(one for one in unproven if one.peer == greediest)
        del self._held[oldest]
        oldest.displaced = True
        oldest.give_way()
        return True

    def _size(self, *, proven: bool) -> int:
        return sum(one.size for one in self._held if one.proven is proven)

    def _measure(self) -> None:
        for proven in (True, False):
            held = [one.size for one in self._held if one.proven is proven]
            metrics.BODIES.labels(str(proven).lower()).set(len(held))
            metrics.BODY_BYTES.labels(str(proven).lower()).set(sum(held))


def check(slot: Slot) -> None:
    """Raise Problem 503 for a body that gave way to another."""
    if slot.displaced:
        raise unavailable("not proven yet, this body gave way to another: send it again", RETRY_SECONDS, "displaced")


def _full(detail: str) -> Problem:
    return unavailable(detail, RETRY_SECONDS, "overloaded")
