"""From a cause to Slack and PagerDuty, and back when it is over: the stages alerts and paging and the sender on the
embedded broker, stage and sender killed in between."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from config import topics
from config.settings import Settings
from connectors.embedded.ports import unused
from connectors.embedded.with_parent import ends_with_parent
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.ids import alert_id
from streams.contracts.model import AlertSignal
from streams.contracts.outbound import OutboundOutcome
from streams.feeds.feed_alerts import feed_alert
from streams.kernel.vocabulary import AlertKind, AlertState, OutboundStatus, Severity
from tests.fakes.webhook_endpoint import Reply, in_a_thread
from tests.support.brokers import BROKERS, on_broker
from tests.support.stage_worker import StageWorker
from tests.support.topics import fill, read_all
from tests.support.waiting import eventually
from topologies.local_stack.environment import environment
from topologies.local_stack.stack import catalogue
from topologies.stages.alert_rules import PACKAGED

CHANNELS = """
channels:
  integration: {{service: slack, secret: SLACK_URL, together_within: 1s}}
  operations: {{service: slack, secret: SLACK_URL, together_within: 1s}}
  back-office: {{service: slack, secret: SLACK_URL, together_within: 1s, dry_run: true}}
  pager: {{service: pagerduty, secret: PAGERDUTY_KEY, api: "{api}", together_within: 1s}}
"""


def sender(settings: Settings, folder: Path, slack: str) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "topologies.cli.main", "send", "alerts"], stdout=log, stderr=log,
            env={
                **os.environ, **environment(settings.replace(data_dir=folder)), "SLACK_URL": slack,
                "PAGERDUTY_KEY": "k" * 32, "SHIPSYNC_METRICS_PORT": str(unused(1)[0]),
            },
            preexec_fn=ends_with_parent(),  # noqa: PLW1509 (two system calls, no lock of ours)
        )


def silent(feed: str, state: AlertState, severity: Severity = Severity.CRITICAL) -> AlertSignal:
    at = time.time_ns() // 1_000_000
    one = feed_alert(feed, state, "is silent", at, at, AlertKind.CONTRACT_DRIFT, severity)
    one.said_at = at
    return one


@pytest.mark.parametrize("broker", BROKERS[:1])
def test_people_are_told_of_a_cause_and_of_its_end_though_stage_and_sender_die(
    broker: Callable[[], ExitStack], tmp_path: Path
) -> None:
    with ExitStack() as closing:
        slack, pagerduty = closing.enter_context(in_a_thread()), closing.enter_context(in_a_thread())
        pagerduty.answers = lambda _: Reply(202, b'{"status":"success"}')
        rules = tmp_path / "alerts.yaml"
        text = PACKAGED.read_text("utf-8").replace("channels: [integration]\n", "channels: [integration, pager]\n", 1)
        rules.write_text(text + CHANNELS.format(api=pagerduty.url.removesuffix("/hooks")), "utf-8")
        settings = closing.enter_context(on_broker(broker, tmp_path, feed_sweep_interval=0.5, alerts_file=rules))
        TopicAdmin(settings).create(catalogue())
        registry = Registry(settings)
        signals = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, registry)
        outcomes = ValueCodec(topics.ALERT_OUTCOMES, OutboundOutcome, registry)

        def say(*told: AlertSignal) -> None:
            fill(settings.kafka.bootstrap, topics.ALERT_SIGNALS.name, [
                (one.alert_id.encode(), signals.encode(one)) for one in told
            ])

        def sent() -> dict[str, str]:
            found = [outcomes.decode(one.value()) for one in read_all(
                settings.kafka.bootstrap, topics.ALERT_OUTCOMES.name
            )]
            return {one.message_id: one.kind for one in found if one.status is OutboundStatus.SENT}

        closing.callback(StageWorker("alerts", settings, tmp_path / "alerts").kill)
        paging = StageWorker("paging", settings, tmp_path / "one")
        closing.callback(paging.kill)
        sending = sender(settings, tmp_path / "sender", slack.url)
        closing.callback(sending.kill)
        say(silent("ups", AlertState.RAISED))
        eventually(lambda: len(sent()) == 2)
        paging.kill()
        sending.kill()
        say(silent("ups", AlertState.RESOLVED), silent("dhl", AlertState.RAISED))
        closing.callback(StageWorker("paging", settings, tmp_path / "two").kill)
        closing.callback(sender(settings, tmp_path / "sender", slack.url).kill)
        eventually(lambda: sorted(sent().values()) == ["alert.raised"] * 4 + ["alert.resolved"] * 2)

    events = [json.loads(one.body) for one in pagerduty.received]
    ups, dhl = (alert_id(AlertKind.CONTRACT_DRIFT, feed) for feed in ("ups", "dhl"))
    assert {(one["event_action"], one["dedup_key"]) for one in events} == {
        ("trigger", ups), ("resolve", ups), ("trigger", dhl),
    }
    lines = [json.loads(one.body)["text"].splitlines()[0] for one in slack.received]
    assert set(lines) == {"*Critical: Feed ups is silent*", "*Resolved: Feed ups is silent*",
                          "*Critical: Feed dhl is silent*"}
