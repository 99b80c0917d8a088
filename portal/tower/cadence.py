"""How regularly a feed delivers, drawn: a bar for each span of time, and where it was silent."""

from __future__ import annotations

from typing import NamedTuple

from portal.words.times import HOUR, MINUTE, moment
from streams.contracts.model import FeedState

WIDTH, HEIGHT = 480, 76
_BASE = 56
_SPANS = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, 24 * HOUR)
_MOST_BARS = 60


class Bar(NamedTuple):
    """Events in one span; in units of the drawing."""

    x: float
    y: float
    width: float
    height: float
    events: int


class Drawing(NamedTuple):
    """``quiet``: x and width of the time since the feed was last heard; None where it is not silent; ``ends``: words
    under the ends of the axis; ``says``: the whole for who cannot see it."""

    bars: list[Bar]
    quiet: tuple[float, float] | None
    ends: tuple[str, str]
    says: str


def drawn(state: FeedState, now: int) -> Drawing | None:
    """The drawing up to now, UTC ms; None where nothing was counted."""
    counted = [(one.minute * MINUTE, one.events) for one in state.minutes if one.minute * MINUTE <= now]
    if not counted:
        return None
    first = min(at for at, _ in counted)
    span = next((one for one in _SPANS if (now - first) / one <= _MOST_BARS - 1), _SPANS[-1])
    end = now // span + 1
    begin = max(first // span, end - _MOST_BARS)
    width = WIDTH / (end - begin)
    sums: dict[int, int] = {}
    for at, events in counted:
        if at // span >= begin:
            sums[at // span] = sums.get(at // span, 0) + events
    most = max(sums.values(), default=1)
    bars = [
        Bar(round((place - begin) * width, 1), round(_BASE - _BASE * events / most, 1), round(max(width - 1, 1), 1),
            round(_BASE * events / most, 1), events)
        for place, events in sorted(sums.items()) if events
    ]
    quiet = None
    if state.stale and state.last_received_at is not None:
        x = max((state.last_received_at / span - begin) * width, 0)
        quiet = (round(x, 1), round(max(WIDTH - x, 0), 1))
    says = f"{sum(sums.values())} events, a bar for each {_named(span)}, at most {most}"
    return Drawing(bars, quiet, (_clock(begin * span), "now"), says + (", silent at the end" if quiet else ""))


def _named(span: int) -> str:
    return f"{span // HOUR} h" if span >= HOUR else f"{span // MINUTE} min"


def _clock(at: int) -> str:
    found = moment(at)
    return "" if found is None else f"{found.day} {found:%b %H:%M} UTC"
