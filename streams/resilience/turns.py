"""Turns: when the next of several senders may send, so that all together keep to a rate; as pure functions.

Turns are evenly spaced: of ``60 a minute`` one each second. Whoever would wait for too long gets no turn, but a time to
come back at, one after the other, so that they do not all come back together. Times are milliseconds of one clock;
where it was set back, the schedule begins anew.
"""

from __future__ import annotations

from msgspec import Struct

from streams.resilience.token_bucket import Rate

LONGEST_WAIT_MS = 5_000
"""Whoever has to wait for longer gets no turn."""
HORIZON_MS = 3_600_000
"""Nobody is told to come back later than so."""


class Turns(Struct, frozen=True):
    """``due``: when the next turn is; ``back``: when the next one without a turn is to come back."""

    due: float = 0.0
    back: float = 0.0


class Place(Struct, frozen=True):
    """A turn in so many milliseconds (``has_turn``), or when to come back and ask again."""

    has_turn: bool
    wait_ms: float


def take(turns: Turns, rate: Rate, now: float) -> tuple[Turns, Place]:
    """Ask for a turn; ``connectors/outbound/sending_rates.py`` says the same in Lua."""
    interval = rate.per_ms / rate.count
    due, back = max(now, turns.due), turns.back
    if due - now > LONGEST_WAIT_MS + interval or back - now > HORIZON_MS + interval:
        due = back = now
    if due - now <= LONGEST_WAIT_MS:
        return Turns(due + interval, back), Place(True, due - now)
    back = max(back, due)
    return Turns(due, min(back + interval, now + HORIZON_MS)), Place(False, back - now)
