"""Who was told of alerts, by the last outcome of each message on the topic."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from config import topics
from streams.kernel.outbound_vocabulary import OutboundStatus
from streams.paging.told import ToldOn
from tests.support.outbound_topics import put, with_topics
from tests.support.read_model_world import NOON, told
from topologies.operations.told_channels import told_by_alert


@pytest.mark.broker
def test_each_alert_of_a_message_was_told_where_it_was_sent(tmp_path: Path) -> None:
    with with_topics(tmp_path, topics.ALERT_OUTCOMES) as settings:
        put(settings, topics.ALERT_OUTCOMES, *(("channel:ops", one) for one in (
            told("a1", "ops", OutboundStatus.WAITING, NOON, about=["a1", "a2"]),
            told("a1", "ops", OutboundStatus.SENT, NOON + 5, about=["a1", "a2"], queued_at=NOON),
            told("a2", "pager", OutboundStatus.RETRYING, NOON + 9, attempts=3, detail="503 busy"),
        )))
        ops = ToldOn("ops", OutboundStatus.SENT, NOON + 5, 1, "ok")
        assert told_by_alert(settings) == {
            "a1": [ops], "a2": [ops, ToldOn("pager", OutboundStatus.RETRYING, NOON + 9, 3, "503 busy")],
        }


@pytest.mark.broker
def test_without_the_topic_nobody_is_known_and_that_is_said(tmp_path: Path) -> None:
    with with_topics(tmp_path) as settings, capture_logs() as logs:
        assert told_by_alert(settings) == {}
    assert [(one["log_level"], one["topic"]) for one in logs] == [("warning", topics.ALERT_OUTCOMES.name)]
