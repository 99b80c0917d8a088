"""From an announcement to what each service takes, as the services document it."""

from __future__ import annotations

import json
from typing import Any

from connectors.outbound.channels.bodies import Call, call_of, lines_of, subject_of
from streams.kernel.vocabulary import Severity
from streams.paging.channels import Channel, Service
from streams.paging.wording import ACKNOWLEDGED, RAISED, RESOLVED, TEST, Announcement

SAID = Announcement(
    "a1", "ups:1Z1: promised <yesterday> & *late*", Severity.CRITICAL, 7, ["ups:1Z1: late", "ups:1Z2: late"], 5,
    "delivery_late", "ups", "operations", ["a1", "a2"], ["C-1"], 1, 1_790_000_000_000,
)


def call(service: Service, kind: str = RAISED, secret: str = "https://hook.example/T/B/x", **changes: Any) -> Call:
    return call_of(Channel("ops", service, "OPS", **changes), secret, kind, SAID, "msg_1")


def test_slack_takes_text_in_which_nothing_of_ours_is_markup() -> None:
    made = call(Service.SLACK)
    text = json.loads(made.body)["text"]
    assert made.url == "https://hook.example/T/B/x"
    assert text.startswith("*Critical: ups:1Z1: promised &lt;yesterday&gt; &amp; ∗late∗*\n• ups:1Z1: late")
    assert "• and 5 more" in text
    assert "Owner: operations" in text


def test_teams_takes_an_adaptive_card() -> None:
    [attachment] = json.loads(call(Service.TEAMS).body)["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["body"][0]["color"]) == ("AdaptiveCard", "Attention")
    assert "\\*late\\*" in card["body"][0]["text"]


def test_pagerduty_opens_acknowledges_and_closes_one_incident_by_the_key() -> None:
    made = call(Service.PAGERDUTY, secret="k" * 32)
    event = json.loads(made.body)
    assert made.url == "https://events.pagerduty.com/v2/enqueue"
    assert (event["routing_key"], event["event_action"], event["dedup_key"]) == ("k" * 32, "trigger", "a1")
    assert {name: event["payload"][name] for name in ("summary", "source", "severity", "timestamp")} == {
        "summary": SAID.title, "source": "ups", "severity": "critical", "timestamp": "2026-09-21T14:13:20+00:00",
    }
    for kind, action in ((ACKNOWLEDGED, "acknowledge"), (RESOLVED, "resolve")):
        later = json.loads(call(Service.PAGERDUTY, kind).body)
        assert (later["event_action"], later["dedup_key"], "payload" in later) == (action, "a1", False)


def test_opsgenie_opens_and_closes_one_alert_by_its_alias() -> None:
    made = call(Service.OPSGENIE, secret="key", api="https://api.eu.opsgenie.com")
    body = json.loads(made.body)
    assert (made.url, made.headers["authorization"]) == ("https://api.eu.opsgenie.com/v2/alerts", "GenieKey key")
    assert (body["alias"], body["priority"], len(body["message"]) <= 130) == ("a1", "P1", True)
    closed = call(Service.OPSGENIE, RESOLVED)
    assert closed.url == "https://api.opsgenie.com/v2/alerts/a1/close?identifierType=alias"
    assert call(Service.OPSGENIE, ACKNOWLEDGED).url.endswith("/v2/alerts/a1/acknowledge?identifierType=alias")


def test_a_plain_webhook_takes_all_there_is() -> None:
    made = call(Service.WEBHOOK)
    body = json.loads(made.body)
    assert made.headers["webhook-id"] == "msg_1"
    assert (body["type"], body["key"], body["count"], body["alerts"]) == ("alert.raised", "a1", 7, ["a1", "a2"])
    assert body["since"] == "2026-09-21T14:13:20+00:00"


def test_people_read_what_it_is_and_its_end_needs_nothing_of_them() -> None:
    assert [subject_of(kind, SAID)[:8] for kind in (RAISED, ACKNOWLEDGED, RESOLVED, TEST)] == [
        "Critical", "Acknowle", "Resolved", "Test: up",
    ]
    assert "shipsync alerts show a1" in lines_of(RAISED, SAID)
    assert not any("show" in line or "Owner" in line for line in lines_of(RESOLVED, SAID))
