"""How patient a sender is with its destinations. Times and durations are milliseconds."""

from __future__ import annotations

from hashlib import blake2b

from msgspec import Struct

from streams.resilience.circuit_breaker import Breaker

SECOND, HOUR, DAY = 1_000, 3_600_000, 86_400_000


class Policy(Struct, frozen=True):
    """``breaker``: of each destination. ``disable_after``: a destination that accepted nothing for so long is
    disabled; None: never. ``first_window``, ``most_outstanding``: attempts under way at once, at first and at most.
    ``retry``, ``longest_retry``: after a first failed attempt, doubled each time. ``refused_retries``: after each
    refusal of a message, then it is given up; with ``holds`` it waits for a person instead, and what takes back
    something unknown is sent as well. ``remembered``: how long it is known what was sent. ``dry_run``: destinations
    whose messages are recorded and never sent, and ``all_dry_run``: so are those of all. ``answer_within``: an attempt
    that is not answered by then is asked for again, and again after twice as long, up to ``longest_answer``; above the
    longest time that any sender takes."""

    breaker: Breaker = Breaker(failures=5, pause_ms=5 * SECOND, longest_ms=4 * HOUR)
    disable_after: int | None = 3 * DAY
    first_window: float = 8.0
    most_outstanding: float = 256.0
    retry: int = SECOND
    longest_retry: int = 60 * SECOND
    refused_retries: tuple[int, ...] = (5 * 60 * SECOND, HOUR, 6 * HOUR)
    remembered: int = 100 * DAY
    holds: bool = False
    dry_run: frozenset[str] = frozenset()
    all_dry_run: bool = False
    answer_within: int = 15 * 60 * SECOND
    longest_answer: int = HOUR


def pause(policy: Policy, message_id: str, attempts: int) -> int:
    """How long to wait after so many attempts: doubled each time, up to half less, by a number drawn from the id, so
    that messages that failed together do not come back together."""
    doubled = min(policy.retry << min(max(0, attempts - 1), 30), policy.longest_retry)
    drawn = int.from_bytes(blake2b(f"{message_id}:{attempts}".encode(), digest_size=4).digest()) / 2**32
    return round(doubled * (1 - drawn / 2))
