"""A recipient's wish is on the topic once the writer returns, or the writer says that it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import topics
from config.settings import Settings
from connectors.embedded.ports import unused
from connectors.outbound import actions
from connectors.outbound.actions import ActionWriter
from streams.contracts.recipients import NotificationAction
from streams.kernel.errors import Transient
from streams.kernel.outbound_vocabulary import NotificationActionKind
from tests.support.brokers import registry
from tests.support.outbound_inputs import NOW, recipient
from tests.support.outbound_topics import taken, with_topics

ASKED = NotificationAction(NotificationActionKind.OPT_IN_ASKED, "C-7", NOW, "", recipient=recipient(order_id="SO-1"))
STOP = NotificationAction(NotificationActionKind.OPTED_OUT, "C-8", NOW + 1, "", recipient_id="rcp_1")


@pytest.mark.broker
def test_each_action_is_on_the_topic_under_its_customer(tmp_path: Path) -> None:
    with with_topics(tmp_path, topics.NOTIFICATION_ACTIONS) as settings:
        write = ActionWriter(settings)
        write(ASKED)
        assert taken(settings, topics.NOTIFICATION_ACTIONS, NotificationAction) == [("C-7", ASKED)]
        write(STOP)
        found = taken(settings, topics.NOTIFICATION_ACTIONS, NotificationAction)
        assert sorted(found, key=lambda one: one[0]) == [("C-7", ASKED), ("C-8", STOP)]


def test_an_action_that_no_broker_takes_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(actions, "ACK_SECONDS", 0.2)
    with registry() as url:
        settings = Settings(
            _env_file=None, bootstrap=f"127.0.0.1:{unused()[0]}", registry_url=url, data_dir=tmp_path
        )
        with pytest.raises(Transient):
            ActionWriter(settings)(ASKED)


def test_without_a_registry_nothing_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(actions, "REGISTRY_SECONDS", 0.2)
    settings = Settings(_env_file=None, registry_url=f"http://127.0.0.1:{unused()[0]}", data_dir=tmp_path)
    writer = ActionWriter(settings)
    with pytest.raises(Transient, match="SHIPSYNC_REGISTRY_URL"):
        writer(ASKED)
