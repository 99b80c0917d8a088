"""The alerts step: signals of the stages and actions of people in; alerts, each with its state and history, out.

Reads ``alert.signals`` and ``alert.actions``; its state, which is also its output, is ``ops.alerts``. An alert depends
on the set of its signals and actions and on the time: not on their order, their repetition, or how they were cut into
chunks. The alerts gathered under the alert of a silent feed are evaluated with it. All times are UTC ms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field

from streams.alerts.feed_silence import AlertInput, StoredAlerts, silence_of
from streams.alerts.record import AlertRecord, Progress, decode, with_action, with_signal
from streams.alerts.routing import NOWHERE, AlertPolicy, is_gathered, route_of
from streams.alerts.timeline import AlertContext, Spans, compacted, is_active, next_change, progress_at
from streams.alerts.view import alert_of, changed_at, forgotten_at
from streams.contracts.ids import LONGEST_NUMBER
from streams.contracts.model import Alert, AlertSignal
from streams.kernel.errors import Reject
from streams.kernel.step_result import StepResult
from streams.kernel.vocabulary import ActionKind, AlertState, RejectReason

LONGEST_ID = 64
LATEST_MS = 24 * 3_600_000
"""How late the signal that a feed is silent may come, and still account for alerts resolved since."""


class AlertIndexes(Struct):
    """Entries of the stage's indexes. ``due``: alert id -> when the clock alone changes the alert, UTC ms. ``by_feed``:
    alert id -> (feed, whether a signal about the feed's silence still matters to the alert)."""

    due: dict[str, int] = field(default_factory=dict)
    by_feed: dict[str, tuple[str, bool]] = field(default_factory=dict)


def step(
    chunk: Sequence[AlertInput], stored: StoredAlerts, by_feed: Mapping[str, Sequence[str]], policy: AlertPolicy,
    now_ms: int,
) -> StepResult[AlertIndexes, Alert | None]:
    """Take in a chunk. ``states`` of the result has every alert examined; None where it is forgotten.

    ``stored``: the alerts of the chunk, of the feeds in ``feed_silence.feeds_of``, and of the ids in ``by_feed`` (feed
    -> alert ids); left unchanged. ``counts``: every item is one of signals, actions and repeated, or refused.
    """
    records: dict[str, AlertRecord] = {}
    refused: list[tuple[int, Reject]] = []
    counts = Counter[str]()
    for place, item in enumerate(chunk):
        try:
            _check(item)
        except Reject as reject:
            refused.append((place, reject))
            continue
        record = records.get(item.alert_id) or _record(stored.get(item.alert_id))
        if isinstance(item, AlertSignal):
            after, outcome = with_signal(record, item), "signals"
        else:
            after, outcome = with_action(record, item), "actions"
        counts["repeated" if after is None else outcome] += 1
        if after is not None:
            records[item.alert_id] = after
    evaluation = _Evaluation(records, stored, policy, now_ms)
    evaluation.run(list(records), by_feed)
    return StepResult(evaluation.indexes, evaluation.alerts, refused, counts)


def sweep(
    names: Iterable[str], stored: StoredAlerts, by_feed: Mapping[str, Sequence[str]], policy: AlertPolicy, now_ms: int
) -> StepResult[AlertIndexes, Alert | None]:
    """Moves the alerts of these ids on to ``now_ms``; arguments and result as in :func:`step`."""
    records = {name: _record(alert) for name in names if (alert := stored.get(name)) is not None and alert.record}
    evaluation = _Evaluation(records, stored, policy, now_ms)
    evaluation.run(list(records), by_feed)
    return StepResult(evaluation.indexes, evaluation.alerts)


def _check(item: AlertInput) -> None:
    """Raises Reject for a signal or action that cannot be meant."""
    if not 0 < len(item.alert_id) <= LONGEST_ID:
        detail = f"alert_id has {len(item.alert_id)} characters; 1 to {LONGEST_ID} are accepted"
        raise Reject(RejectReason.CONTRACT_BROKEN, detail, "alert_id")
    if isinstance(item, AlertSignal):
        return
    for name in ("by", "owner"):
        if len(getattr(item, name) or "") > LONGEST_NUMBER:
            detail = f"{name} has more than {LONGEST_NUMBER} characters"
            raise Reject(RejectReason.TOO_LARGE, detail, name)
    if not item.by.strip():
        raise Reject(RejectReason.CONTRACT_BROKEN, "by is empty: name the person who acts", "by")
    if item.action is ActionKind.SNOOZE and item.until is None:
        raise Reject(RejectReason.CONTRACT_BROKEN, "until is empty: a snooze needs its end", "until")
    if item.action is ActionKind.ASSIGN and not (item.owner or "").strip():
        raise Reject(RejectReason.CONTRACT_BROKEN, "owner is empty: name whom the alert is assigned to", "owner")


def _record(stored: Alert | None) -> AlertRecord:
    return AlertRecord() if stored is None or not stored.record else decode(stored.record)


class _Evaluation:
    """Evaluates changed records, and those that depend on them, into alerts; decodes each stored record once."""

    def __init__(
        self, records: dict[str, AlertRecord], stored: StoredAlerts, policy: AlertPolicy, now_ms: int
    ) -> None:
        self.alerts: dict[str, Alert | None] = {}
        self.indexes = AlertIndexes()
        self._records = records
        self._stored = stored
        self._policy = policy
        self._now_ms = now_ms
        self._silences: dict[str, Spans] = {}

    def run(self, names: Iterable[str], by_feed: Mapping[str, Sequence[str]]) -> None:
        """Evaluate these alerts; where the alert about a feed's silence changes, all that it may account for; and then
        the alerts about silences, with what is gathered under them."""
        changed = dict.fromkeys(names)
        silences = {silence_of(feed): feed for feed in by_feed}
        for name, feed in silences.items():
            if name in changed:
                changed |= dict.fromkeys(by_feed[feed])
        for name in changed:
            if name not in silences:
                self._evaluate(name)
        for name, feed in silences.items():
            if name in changed or self._record(name).latest is not None:
                now_by_feed = (one for one in changed if self.indexes.by_feed.get(one) == (feed, True))
                self._evaluate(name, self._gathered(feed, sorted({*by_feed[feed], *now_by_feed})))

    def _evaluate(self, name: str, gathered: Sequence[AlertSignal] = ()) -> None:
        record = self._record(name)
        context = self._context(record)
        record = compacted(record, context)
        progress = progress_at(record, context, self._now_ms)
        forgotten = forgotten_at(record, progress, context)
        if forgotten is not None and forgotten <= self._now_ms:
            self.alerts[name] = None
        else:
            self.alerts[name] = alert_of(name, record, progress, context, gathered)
            at = forgotten if forgotten is not None else next_change(progress, context)
            if at is not None:
                self.indexes.due[name] = at
        if record.latest is not None and is_gathered(record.latest, self._policy):
            self._index_by_feed(name, record.latest, progress)

    def _index_by_feed(self, name: str, latest: AlertSignal, progress: Progress) -> None:
        matters_until = changed_at(progress) + LATEST_MS
        is_over = not is_active(progress)
        matters = not is_over or self._now_ms < matters_until
        self.indexes.by_feed[name] = latest.feed or "", matters
        if matters and is_over and name in self.indexes.due:
            self.indexes.due[name] = min(self.indexes.due[name], matters_until)

    def _gathered(self, feed: str, names: Iterable[str]) -> list[AlertSignal]:
        """The last signals of those alerts that are gathered under the feed's."""
        found = []
        for name in names:
            alert = self.alerts[name] if name in self.alerts else self._stored.get(name)
            latest = self._record(name).latest
            if alert is not None and alert.state is AlertState.GATHERED and latest is not None and latest.feed == feed:
                found.append(latest)
        return found

    def _record(self, name: str) -> AlertRecord:
        if name not in self._records:
            self._records[name] = _record(self._stored.get(name))
        return self._records[name]

    def _context(self, record: AlertRecord) -> AlertContext:
        latest = record.latest
        if latest is None:
            return AlertContext(self._policy, NOWHERE)
        feed = latest.feed if is_gathered(latest, self._policy) else None
        silences = () if feed is None else self._silences_of(feed)
        return AlertContext(self._policy, route_of(latest, self._policy), silences)

    def _silences_of(self, feed: str) -> Spans:
        if feed not in self._silences:
            record = self._record(silence_of(feed))
            route = NOWHERE if record.latest is None else route_of(record.latest, self._policy)
            progress = progress_at(record, AlertContext(self._policy, route), self._now_ms)
            self._silences[feed] = _with_grace(progress, self._policy.grace_ms)
        return self._silences[feed]


def _with_grace(progress: Progress, grace_ms: int) -> Spans:
    """The spans in which the cause lasted, each with the grace after it; spans that touch are one."""
    merged: list[tuple[int, int | None]] = []
    for start, end in progress.active:
        until = None if end is None else end + grace_ms
        if merged and (last := merged[-1][1]) is not None and start <= last:
            merged[-1] = merged[-1][0], until
        else:
            merged.append((start, until))
    return merged
