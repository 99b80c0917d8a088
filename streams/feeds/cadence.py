"""Holds how often a feed sends: declared by its carrier folder, and learnt hour by hour of the week.

The state keeps in which hours of the last eight weeks the feed sent anything: 168 bytes, one for each hour of the week,
one bit for each week. It is a function of the set of receipts, whatever their order. Weeks are UTC and begin, like the
epoch, on a Thursday. From whole weeks, once there are enough, two things are learnt: the hours in which the feed is
usually silent, which do not count as silence, and how long it is silent at times in the other hours. Nothing learnt
makes the allowed silence shorter than declared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

HOUR_MS = 3_600_000
HOURS = 168
WEEKS = 8
ENOUGH_WEEKS = 4
"""Whole weeks of records before a pattern is learnt."""
QUIET_SHARE = 0.25
"""An hour of the week is quiet where the feed sent in at most this share of the weeks, newer weeks weighing more."""
REGULAR_SHARE = 0.75
"""Requires this share of the active hours to lie outside quiet hours; otherwise no hour is quiet."""
UNUSUAL_SHARE = 0.01
"""This share of the gaps, the longest and at least one, counts as outages and is ignored."""


class Pause(Struct, frozen=True):
    """A time in which a feed need not send: a holiday. ``begins`` and ``ends``: UTC ms."""

    begins: int
    ends: int
    name: str


class Cadence(Struct, frozen=True):
    """How often a feed is expected to send, and after how long a silence it is stale, in seconds, as declared.
    ``pauses``: in order of time."""

    expect_every_s: int
    stale_after_s: int
    pauses: tuple[Pause, ...] = ()


class WeeklyPattern(Struct, frozen=True):
    """Holds the weekly rhythm learnt of a feed. ``quiet``: the hours of the week in which the feed is usually silent;
    ``usual_s``: seconds it is silent at times in the other hours, 0 below an hour; ``weeks``: weeks it is learnt from,
    0: nothing is learnt."""

    quiet: frozenset[int] = frozenset()
    usual_s: int = 0
    weeks: int = 0


NOTHING_LEARNT = WeeklyPattern()


class StaleAt(Struct, frozen=True):
    """When a silence becomes too long, UTC ms; its length, seconds; and the pauses that did not count."""

    at: int
    wait_s: int
    paused: tuple[str, ...] = ()


def with_hour(heard: bytes, week: int, at_ms: int) -> tuple[bytes, int]:
    """The active hours and their newest week, with a receipt at ``at_ms``; unchanged by one that is too old."""
    its_week, hour = divmod(at_ms // HOUR_MS, HOURS)
    if not heard:
        heard, week = bytes(HOURS), its_week
    if its_week > week:
        by = min(its_week - week, WEEKS)
        heard, week = bytes((bits << by) & 0xFF for bits in heard), its_week
    bit = 1 << min(week - its_week, WEEKS) & 0xFF
    if not bit or heard[hour] & bit:
        return heard, week
    return heard[:hour] + bytes((heard[hour] | bit,)) + heard[hour + 1 :], week


def weekly_pattern(heard: bytes, week: int, pauses: Sequence[Pause] = ()) -> WeeklyPattern:
    """The pattern of the whole weeks: without the newest, which is not over, and the oldest."""
    oldest = max(heard, default=0).bit_length() - 1
    ages = range(oldest - 1, 0, -1)
    if len(ages) < ENOUGH_WEEKS:
        return NOTHING_LEARNT
    weights = {age: WEEKS - age for age in ages}
    most = QUIET_SHARE * sum(weights.values())
    quiet = frozenset(
        hour for hour, bits in enumerate(heard)
        if sum(weight for age, weight in weights.items() if bits >> age & 1) <= most
    )
    loud = [hour for age in ages for hour, bits in enumerate(heard) if bits >> age & 1]
    if sum(hour not in quiet for hour in loud) < REGULAR_SHARE * len(loud):
        quiet = frozenset()
    gaps = sorted(_gaps(heard, week, ages, quiet, pauses))
    usual = gaps[: len(gaps) - max(1, round(UNUSUAL_SHARE * len(gaps)))]
    longest = usual[-1] if usual else 0
    return WeeklyPattern(quiet, (longest + 1) * 3600 if longest else 0, len(ages))


def _gaps(
    heard: bytes, week: int, ages: Sequence[int], quiet: frozenset[int], pauses: Sequence[Pause]
) -> Iterator[int]:
    """Lengths, in hours that count, of the gaps between two active hours."""
    begun, silent = False, 0
    for age in ages:
        first = (week - age) * HOURS
        for hour, bits in enumerate(heard):
            if bits >> age & 1:
                if begun:
                    yield silent
                begun, silent = True, 0
            elif hour not in quiet and _pause_at((first + hour) * HOUR_MS, pauses) is None:
                silent += 1


def stale_at(since_ms: int, cadence: Cadence, learnt: WeeklyPattern, until_ms: int) -> StaleAt | None:
    """Returns when a silence that began at ``since_ms`` becomes longer than declared and than usual, without quiet
    hours and pauses; None where it does not by ``until_ms``."""
    wait_s = max(cadence.stale_after_s, learnt.usual_s)
    pauses = [one for one in cadence.pauses if one.ends > since_ms and one.begins < until_ms]
    left, at, paused = wait_s * 1000, since_ms, dict[str, None]()
    while at <= until_ms:
        hour = at // HOUR_MS
        ends = (hour + 1) * HOUR_MS
        pause = _pause_at(at, pauses)
        if pause is not None:
            paused[pause.name] = None
            at = pause.ends
            continue
        ends = min([ends, *(one.begins for one in pauses if one.begins > at)])
        if hour % HOURS not in learnt.quiet:
            if ends - at >= left:
                return None if at + left > until_ms else StaleAt(at + left, wait_s, tuple(paused))
            left -= ends - at
        at = ends
    return None


def _pause_at(at_ms: int, pauses: Sequence[Pause]) -> Pause | None:
    for one in pauses:
        if one.begins <= at_ms < one.ends:
            return one
    return None


def explanation(cadence: Cadence, learnt: WeeklyPattern, found: StaleAt) -> str:
    """The expected cadence and its reasons, for people."""
    words = [f"expected every {span(cadence.expect_every_s)}"]
    if learnt.usual_s > cadence.stale_after_s:
        words.append(f"silent for up to {span(learnt.usual_s)} now and then in the last {learnt.weeks} weeks")
    if learnt.quiet:
        words.append(f"{len(learnt.quiet)} hours of the week, in which it is usually silent, do not count")
    if found.paused:
        words.append(f"not counted: {', '.join(found.paused)}")
    return "; ".join(words)


def span(seconds: int) -> str:
    """A duration for people: ``2 h``, ``90 min``, ``450 s``."""
    if seconds % 3600 == 0:
        return f"{seconds // 3600} h"
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"
