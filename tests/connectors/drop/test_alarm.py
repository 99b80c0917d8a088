"""The alert about refused files."""

from __future__ import annotations

import pytest

from config import topics
from config.settings import Settings
from connectors.drop.alarm import REST_SECONDS, Alarm
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.model import AlertSignal
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import AlertKind, AlertState
from tests.support.brokers import embedded, registry
from tests.support.topics import read_all


@pytest.mark.broker
def test_it_is_raised_by_the_first_refused_file_and_resolved_with_the_last() -> None:
    with embedded() as bootstrap, registry() as url:
        settings = Settings(_env_file=None, bootstrap=bootstrap, registry_url=url)
        TopicAdmin(settings).create([topics.ALERT_SIGNALS])
        alarm = Alarm(settings)
        assert alarm.tell("acme", 2, "b.edi", 1_000, 3_000)
        assert alarm.tell("acme", 0, "", 4_000, 4_000)
        alarm.close()
        codec = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, Registry(settings))
        raised, resolved = [codec.decode(one.value()) for one in read_all(bootstrap, topics.ALERT_SIGNALS.name)]
    assert (raised.kind, raised.state, raised.raised_at) == (AlertKind.FILE_REFUSED, AlertState.RAISED, 1_000)
    assert raised.message == "Feed acme has 2 refused files in quarantine, the newest b.edi"
    assert (resolved.state, resolved.alert_id) == (AlertState.RESOLVED, raised.alert_id)


def test_without_registry_it_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def away(*told: object) -> int:
        asked.append(told)
        raise Transient("no registry")

    monkeypatch.setattr(Registry, "schema_id", away)
    monkeypatch.setattr("connectors.drop.alarm.ANSWER_SECONDS", 0.1)
    alarm = Alarm(Settings(_env_file=None, bootstrap="127.0.0.1:1"))
    rest = int(REST_SECONDS * 1000)
    assert not any(alarm.tell("acme", 1, "a.edi", 1_000, now) for now in (1_000, 999 + rest))
    assert len(asked) == 1
    assert not alarm.tell("acme", 1, "a.edi", 1_000, 1_000 + rest)
    assert len(asked) == 2
    alarm.close()
