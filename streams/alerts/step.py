"""The alerts step: what stages say of causes and people do about them in, each alert's life out.

Reads ``alert.signals`` and ``alert.actions``; its state and its public truth is ``ops.alerts``. Every record is a
function of the set of signals and actions and of the time: not of their order, their repetition or how they were cut
into chunks. What stands under the alert of a silent feed is worked out with it. All times are UTC ms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field

from streams.alerts.record import Course, Life, decode, with_action, with_signal
from streams.alerts.routing import NOWHERE, Conduct, is_gathered, route_of
from streams.alerts.timeline import Bearings, Spans, condensed, course_of, is_live, next_turn
from streams.alerts.view import changed_at, forgotten_at, shown
from streams.contracts.ids import LONGEST_NUMBER, alert_id
from streams.contracts.model import Alert, AlertAction, AlertSignal
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import ActionKind, AlertKind, AlertState, RejectReason

LONGEST_ID = 64
LATEST_MS = 24 * 3_600_000
"""How late the word that a feed is silent may come, and still account for what was resolved since."""
Item = AlertSignal | AlertAction
Known = Mapping[str, Alert | None]


class Settled(Struct):
    """What came of it. ``alerts``: by id, those looked at (None: forgotten); ``due``: when the clock will change them.

    ``standing``: of alerts a feed's silence may account for, the feed, and whether its word still matters to them.
    ``refused``: place in the chunk and why. ``counts``: every item is one of signals, actions, repeated and refused.
    """

    alerts: dict[str, Alert | None] = field(default_factory=dict)
    due: dict[str, int] = field(default_factory=dict)
    standing: dict[str, tuple[str, bool]] = field(default_factory=dict)
    refused: list[tuple[int, Reject]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


def take(
    chunk: Sequence[Item], known: Known, standing: Mapping[str, Sequence[str]], conduct: Conduct, now_ms: int
) -> Settled:
    """Take a chunk in. ``known``: what is stored of every alert of the chunk, of the feeds in :func:`feeds_of`, and of
    what stands with these feeds (``standing``: feed -> ids)."""
    out = Settled()
    lives: dict[str, Life] = {}
    for place, item in enumerate(chunk):
        try:
            _check(item)
        except Reject as reject:
            out.refused.append((place, reject))
            continue
        life = lives.get(item.alert_id) or _life(known.get(item.alert_id))
        after = with_signal(life, item) if isinstance(item, AlertSignal) else with_action(life, item)
        what = "repeated" if after is None else "signals" if isinstance(item, AlertSignal) else "actions"
        out.counts[what] = out.counts.get(what, 0) + 1
        if after is not None:
            lives[item.alert_id] = after
    _settle(lives, known, standing, conduct, now_ms, out)
    return out


def look_again(
    names: Iterable[str], known: Known, standing: Mapping[str, Sequence[str]], conduct: Conduct, now_ms: int
) -> Settled:
    """What the clock has made of these alerts; arguments as of :func:`take`."""
    out = Settled()
    lives = {name: _life(stored) for name in names if (stored := known.get(name)) is not None and stored.record}
    _settle(lives, known, standing, conduct, now_ms, out)
    return out


def feeds_of(items: Iterable[Item | Alert], known: Known, conduct: Conduct) -> set[str]:
    """Feeds whose silence the items may be about or be accounted for by."""
    feeds = set()
    for item in items:
        about = known.get(item.alert_id) if isinstance(item, AlertAction) else item
        if about is not None and about.feed is not None and minds_silence(about.kind, conduct):
            feeds.add(about.feed)
    return feeds


def silence_of(feed: str) -> str:
    """The id of the alert about a feed's silence."""
    return alert_id(AlertKind.FEED_STALE, feed)


def minds_silence(kind: AlertKind, conduct: Conduct) -> bool:
    """Whether alerts of the kind are about a feed's silence, or may be accounted for by it."""
    return kind is AlertKind.FEED_STALE or kind in conduct.gathered


def _check(item: Item) -> None:
    """Raises Reject for what cannot be meant."""
    if not 0 < len(item.alert_id) <= LONGEST_ID:
        raise Reject(RejectReason.CONTRACT_BROKEN, f"an id of {len(item.alert_id)} characters", "alert_id")
    if isinstance(item, AlertSignal):
        return
    long = [name for name in ("by", "owner") if len(getattr(item, name) or "") > LONGEST_NUMBER]
    if long:
        raise Reject(RejectReason.TOO_LARGE, f"more than {LONGEST_NUMBER} characters", long[0])
    if not item.by.strip():
        raise Reject(RejectReason.CONTRACT_BROKEN, "nobody is named who does it", "by")
    if item.action is ActionKind.SNOOZE and item.until is None:
        raise Reject(RejectReason.CONTRACT_BROKEN, "a snooze without an end", "until")
    if item.action is ActionKind.ASSIGN and not (item.owner or "").strip():
        raise Reject(RejectReason.CONTRACT_BROKEN, "given to nobody", "owner")


def _life(stored: Alert | None) -> Life:
    return Life() if stored is None or not stored.record else decode(stored.record)


class _Looking(Struct):
    """One settling: lives as they are now, and those stored before it, each decoded once."""

    lives: dict[str, Life]
    known: Known
    conduct: Conduct
    now_ms: int
    hushed: dict[str, Spans] = field(default_factory=dict)

    def life(self, name: str) -> Life:
        if name not in self.lives:
            self.lives[name] = _life(self.known.get(name))
        return self.lives[name]

    def bearings(self, life: Life) -> Bearings:
        said = life.latest
        if said is None:
            return Bearings(self.conduct, NOWHERE)
        feed = said.feed if is_gathered(said, self.conduct) else None
        return Bearings(self.conduct, route_of(said, self.conduct), () if feed is None else self.silence(feed))

    def silence(self, feed: str) -> Spans:
        if feed not in self.hushed:
            life = self.life(silence_of(feed))
            bearings = Bearings(self.conduct, NOWHERE if life.latest is None else route_of(life.latest, self.conduct))
            self.hushed[feed] = _spans(course_of(life, bearings, self.now_ms), self.conduct.grace_ms)
        return self.hushed[feed]


def _settle(
    lives: dict[str, Life], known: Known, standing: Mapping[str, Sequence[str]], conduct: Conduct, now_ms: int,
    out: Settled,
) -> None:
    looking = _Looking(lives, known, conduct, now_ms)
    changed = dict.fromkeys(lives)
    silences = {silence_of(feed): feed for feed in standing}
    for name, feed in silences.items():
        if name in changed:
            changed |= dict.fromkeys(standing[feed])
    for name in changed:
        if name not in silences:
            _show(name, looking, out)
    for name, feed in silences.items():
        with_it = sorted({*standing[feed], *(one for one in changed if out.standing.get(one) == (feed, True))})
        if name in changed or looking.life(name).latest is not None:
            _show(name, looking, out, _gathered(feed, with_it, looking, out))


def _show(name: str, looking: _Looking, out: Settled, gathered: Sequence[AlertSignal] = ()) -> None:
    life = looking.life(name)
    bearings = looking.bearings(life)
    life = condensed(life, bearings)
    course = course_of(life, bearings, looking.now_ms)
    forgotten = forgotten_at(life, course, bearings)
    if forgotten is not None and forgotten <= looking.now_ms:
        out.alerts[name] = None
    else:
        out.alerts[name] = shown(name, life, course, bearings, gathered)
        at = forgotten if forgotten is not None else next_turn(course, bearings)
        if at is not None:
            out.due[name] = at
    if life.latest is not None and is_gathered(life.latest, looking.conduct):
        stands_until = changed_at(course) + LATEST_MS
        stands = is_live(course) or looking.now_ms < stands_until
        out.standing[name] = life.latest.feed or "", stands
        if stands and not is_live(course) and name in out.due:
            out.due[name] = min(out.due[name], stands_until)


def _gathered(feed: str, names: Iterable[str], looking: _Looking, out: Settled) -> list[AlertSignal]:
    """What was said of those of the alerts that are gathered."""
    found = []
    for name in names:
        alert = out.alerts[name] if name in out.alerts else looking.known.get(name)
        said = looking.life(name).latest
        if alert is not None and alert.state is AlertState.GATHERED and said is not None and said.feed == feed:
            found.append(said)
    return found


def _spans(course: Course, grace_ms: int) -> Spans:
    """When the cause lasted, with the grace after it; spans that touch are one."""
    merged: list[tuple[int, int | None]] = []
    for start, end in course.live:
        until = None if end is None else end + grace_ms
        if merged and (last := merged[-1][1]) is not None and start <= last:
            merged[-1] = merged[-1][0], until
        else:
            merged.append((start, until))
    return merged
