"""The alerts stage: signals of the stages and actions of people in; alerts, each with its state and history, out.

Reads ``alert.signals.v1`` and ``alert.actions.v1`` (one partition each); its changelog, which everybody reads, is
``ops.alerts.v1``. Beside the alerts lie two local indexes, made of them: what the clock brings about
(``state/due_index.py``), and the alerts that a feed's silence may account for (``BY_FEED``, the feed, a zero byte,
the alert's id).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from config import topics
from config.settings import Settings
from connectors.carriers import Carrier
from connectors.kafka.registry import Registry, ValueCodec
from streams.alerts.feed_silence import AlertInput, depends_on_silence, feeds_of, silence_of
from streams.alerts.routing import AlertPolicy
from streams.alerts.step import AlertIndexes, step, sweep
from streams.contracts.model import Alert, AlertAction, AlertSignal, Record
from streams.kernel.step_result import StepResult
from streams.kernel.vocabulary import AlertState
from topologies.runtime.decoding import decoded, stored
from topologies.runtime.handler import Handled, Refused, View
from topologies.runtime.state import due_index
from topologies.runtime.step_results import changes_of, refusals
from topologies.stages import alert_rules

BY_FEED = b"\x00of"
MOST_DUE = 2_000
"""Alerts one sweep examines; the next sweep continues."""
AT_ONCE = 0
"""When a restored alert is due to be examined."""


class AlertsHandler:
    """Applies signals, actions and the clock to the alerts."""

    def __init__(self, settings: Settings, registry: Registry, carriers: Mapping[str, Carrier]) -> None:
        del carriers
        self._policy: AlertPolicy = alert_rules.load(settings.monitoring.alerts_file).policy
        self._signals = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, registry)
        self._actions = ValueCodec(topics.ALERT_ACTIONS, AlertAction, registry)
        self._alerts = ValueCodec(topics.OPS_ALERTS, Alert, registry)

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        """Changed alerts of one chunk. ``state`` is never None: the stage has a changelog."""
        read: Callable[[bytes | None], AlertInput]
        read = self._signals.decode if records[0].topic == topics.ALERT_SIGNALS.name else self._actions.decode
        chunk: list[AlertInput]
        chunk, kept, refused = decoded(records, read)
        known = stored((item.alert_id for item in chunk), state, self._alerts.decode)
        by_feed, known = self._with_dependents(feeds_of(chunk, known, self._policy), known, state)
        result = step(chunk, known, by_feed, self._policy, now_ms)
        return self._handled(result, known, refused + refusals(kept, result.refused))

    def local_writes(self, key: bytes, changelog_value: bytes) -> dict[bytes, bytes]:
        """The changelog value itself, due at once: the first sweep enters it into the indexes where it belongs. Nothing
        for a value without the stage's own record."""
        alert = self._alerts.decode(changelog_value)
        if not alert.record:
            return {}
        writes = {key: changelog_value, due_index.entry(AT_ONCE, key): b""}
        is_over = alert.state is AlertState.RESOLVED
        if alert.feed is not None and not is_over and depends_on_silence(alert.kind, self._policy):
            writes[_by_feed(alert.feed, key)] = b""
        return writes

    def sweep(self, state: View, now_ms: int) -> Handled:
        """Handle the clock: snoozes and grace that end, flapping that calms down, escalations."""
        due = due_index.due(state, now_ms, MOST_DUE)
        if not due:
            return Handled()
        known = stored((due_index.key_of(one).decode() for one in due), state, self._alerts.decode)
        names = list(known)
        examined = [alert for alert in known.values() if alert is not None]
        by_feed, known = self._with_dependents(feeds_of(examined, known, self._policy), known, state)
        handled = self._handled(sweep(names, known, by_feed, self._policy, now_ms), known, [])
        handled.local = {**dict.fromkeys(due), **handled.local}
        return handled

    def _with_dependents(
        self, feeds: Iterable[str], known: Mapping[str, Alert | None], state: View | None
    ) -> tuple[dict[str, list[str]], dict[str, Alert | None]]:
        """Feed -> the ids of the alerts its silence may account for; and ``known`` with those alerts and the alerts
        about the feeds' silences."""
        assert state is not None
        by_feed = {
            feed: [key[len(_by_feed(feed)):].decode() for key, _ in state.scan(_by_feed(feed))]
            for feed in sorted(feeds)
        }
        wanted = [*map(silence_of, by_feed), *(name for names in by_feed.values() for name in names)]
        more = stored((name for name in wanted if name not in known), state, self._alerts.decode)
        return by_feed, {**known, **more}

    def _handled(
        self, result: StepResult[AlertIndexes, Alert | None], known: Mapping[str, Alert | None], refused: list[Refused]
    ) -> Handled:
        changed = {name: alert for name, alert in result.states.items() if alert != known.get(name)}
        counts = dict(result.counts)
        if refused:
            counts["refused"] = len(refused)
        local: dict[bytes, bytes | None] = {}
        for name, at in result.outputs.due.items():
            local[due_index.entry(at, name.encode())] = b""
        for name, (feed, matters) in result.outputs.by_feed.items():
            local[_by_feed(feed, name.encode())] = b"" if matters else None
        return Handled({}, refused, changes_of(changed, self._alerts.encode), counts, local=local)


def _by_feed(feed: str, key: bytes = b"") -> bytes:
    return BY_FEED + feed.encode() + b"\x00" + key
