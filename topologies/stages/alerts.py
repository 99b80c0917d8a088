"""The alerts stage: what stages say of causes and people do about them in, every alert's life out.

Reads ``alert.signals.v1`` and ``alert.actions.v1`` (one partition each); its changelog, and what everybody reads, is
``ops.alerts.v1``. Beside the records lie two indexes, local and made of them: what falls due by the clock
(``runtime/due_index.py``), and ``STANDING``, the feed, a zero byte, the alert's id: what a feed's silence may account
for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from config import topics
from config.settings import Settings
from connectors.carriers import Carrier
from connectors.kafka.registry import Registry, ValueCodec
from streams.alerts.routing import Conduct
from streams.alerts.step import Item, Settled, feeds_of, look_again, minds_silence, silence_of, take
from streams.contracts.model import Alert, AlertAction, AlertSignal, Record
from streams.kernel.vocabulary import AlertState
from topologies.runtime import due_index
from topologies.runtime.decoding import decoded, stored
from topologies.runtime.handler import Change, Handled, Refused, View
from topologies.stages import alert_rules

STANDING = b"\x00of"
MOST_DUE = 2_000
"""Alerts one sweep looks at; the next goes on."""
AT_ONCE = 0
"""When a restored alert is due to be looked at."""


class AlertsHandler:
    """Takes signals and actions into the alerts, and lets the clock do its part."""

    def __init__(self, settings: Settings, registry: Registry, carriers: Mapping[str, Carrier]) -> None:
        del carriers
        self._conduct: Conduct = alert_rules.load(settings.monitoring.alerts_file).conduct
        self._signals = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, registry)
        self._actions = ValueCodec(topics.ALERT_ACTIONS, AlertAction, registry)
        self._alerts = ValueCodec(topics.OPS_ALERTS, Alert, registry)

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        """Changed alerts of one chunk. ``state`` is never None: the stage has a changelog."""
        read: Callable[[bytes | None], Item]
        read = self._signals.decode if records[0].topic == topics.ALERT_SIGNALS.name else self._actions.decode
        chunk: list[Item]
        chunk, kept, refused = decoded(records, read)
        known = stored((item.alert_id for item in chunk), state, self._alerts.decode)
        standing = self._around(feeds_of(chunk, known, self._conduct), known, state)
        out = take(chunk, known, standing, self._conduct, now_ms)
        refused += [Refused(kept[place], reject) for place, reject in out.refused]
        if refused:
            out.counts["refused"] = len(refused)
        return self._handled(out, known, refused)

    def local_writes(self, key: bytes, changelog_value: bytes) -> dict[bytes, bytes]:
        """The changelog value itself, due at once: the first look puts it where it belongs. Nothing for a value without
        the stage's own record."""
        alert = self._alerts.decode(changelog_value)
        if not alert.record:
            return {}
        writes = {key: changelog_value, due_index.entry(AT_ONCE, key): b""}
        is_over = alert.state is AlertState.RESOLVED
        if alert.feed is not None and not is_over and minds_silence(alert.kind, self._conduct):
            writes[_standing(alert.feed, key)] = b""
        return writes

    def sweep(self, state: View, now_ms: int) -> Handled:
        """What the clock has made of alerts: snoozes over, flapping calmed, nobody acknowledged, grace over."""
        due = due_index.due(state, now_ms, MOST_DUE)
        if not due:
            return Handled()
        known = stored((due_index.key_of(one).decode() for one in due), state, self._alerts.decode)
        names = list(known)
        about = [alert for alert in known.values() if alert is not None]
        standing = self._around(feeds_of(about, known, self._conduct), known, state)
        handled = self._handled(look_again(names, known, standing, self._conduct, now_ms), known, [])
        handled.local = {**dict.fromkeys(due), **handled.local}
        return handled

    def _around(
        self, feeds: Iterable[str], known: dict[str, Alert | None], state: View | None
    ) -> dict[str, list[str]]:
        """What stands with each feed; it and the alerts about the feeds' silence come into ``known``."""
        assert state is not None
        standing = {feed: [key[len(_standing(feed)):].decode() for key, _ in state.scan(_standing(feed))]
                    for feed in sorted(feeds)}
        wanted = [*map(silence_of, standing), *(name for names in standing.values() for name in names)]
        known |= stored((name for name in wanted if name not in known), state, self._alerts.decode)
        return standing

    def _handled(self, out: Settled, known: Mapping[str, Alert | None], refused: list[Refused]) -> Handled:
        changes: dict[bytes, Change] = {}
        local: dict[bytes, bytes | None] = {}
        for name, alert in out.alerts.items():
            if alert != known.get(name):
                value = None if alert is None else self._alerts.encode(alert)
                changes[name.encode()] = Change(value, value)
        for name, at in out.due.items():
            local[due_index.entry(at, name.encode())] = b""
        for name, (feed, stands) in out.standing.items():
            local[_standing(feed, name.encode())] = b"" if stands else None
        return Handled({}, refused, changes, out.counts, local=local)


def _standing(feed: str, key: bytes = b"") -> bytes:
    return STANDING + feed.encode() + b"\x00" + key
