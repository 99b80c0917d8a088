"""The demo's channels lead to the demo, which counts what comes."""

from __future__ import annotations

import json
import os
import urllib.request
from pathlib import Path

from config.settings import Settings
from topologies.demo import on_call
from topologies.demo.hosting import for_the_demo
from topologies.stages import alert_rules


def said(kind: str, key: str, count: int, message: str) -> None:
    body = json.dumps({"type": kind, "key": key, "count": count}).encode()
    request = urllib.request.Request(os.environ[on_call.SECRET], body, {"webhook-id": message})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 204


def test_every_channel_of_the_demos_stack_leads_to_whoever_is_on_call(tmp_path: Path) -> None:
    with on_call.on_call() as people:
        made = for_the_demo(Settings(data_dir=tmp_path))
        channels = alert_rules.load(made.monitoring.alerts_file).paging.channels
        assert sorted(channels) == ["back-office", "integration", "operations", "pager"]
        assert {one.secret for one in channels.values()} == {on_call.SECRET}
        said("alert.raised", "a1", 3, "m1")
        said("alert.raised", "a1", 3, "m1")
        said("alert.resolved", "a1", 3, "m2")
        assert people.sentence().startswith("Told on call so far: 3 alerts by 1 webhooks, and their end by 1;")
    assert on_call.SECRET not in os.environ
    assert alert_rules.load(for_the_demo(Settings(data_dir=tmp_path)).monitoring.alerts_file).paging.channels == {}
