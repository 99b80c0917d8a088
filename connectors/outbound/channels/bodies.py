"""Makes of an announcement what each service takes: Slack's incoming webhooks, Teams' workflows,
PagerDuty's Events API v2, Opsgenie's Alert API v2, and a plain webhook.

PagerDuty and Opsgenie know an incident by the announcement's key, so that its end closes what its beginning opened.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from streams.kernel.vocabulary import Severity
from streams.paging.channels import Channel, Service
from streams.paging.wording import ACKNOWLEDGED, RESOLVED, TEST, Announcement

PAGERDUTY, OPSGENIE = "https://events.pagerduty.com", "https://api.opsgenie.com"
LONGEST_SUMMARY, LONGEST_OPSGENIE_MESSAGE = 1024, 130
_PRIORITIES = {Severity.CRITICAL: "P1", Severity.WARNING: "P3", Severity.INFO: "P5"}
_PAGER_ACTIONS = {RESOLVED: "resolve", ACKNOWLEDGED: "acknowledge"}
_OPSGENIE_ACTIONS = {RESOLVED: "close", ACKNOWLEDGED: "acknowledge"}
_SLACK_SIGNS = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MARKDOWN = str.maketrans({one: "\\" + one for one in "\\`*_[]#~"})
SOURCE = "ShipSync"


class Call(NamedTuple):
    """One HTTP POST of JSON."""

    url: str
    body: str
    headers: dict[str, str]


def call_of(channel: Channel, secret: str, kind: str, said: Announcement, message_id: str) -> Call:
    """The call that posts it. ``secret``: the channel's address or key; ``kind``: the message's."""
    match channel.service:
        case Service.SLACK:
            return _call(secret, {"text": _slack_text(kind, said)})
        case Service.TEAMS:
            return _call(secret, _teams_card(kind, said))
        case Service.PAGERDUTY:
            return _call(f"{channel.api or PAGERDUTY}/v2/enqueue", _pagerduty_event(secret, kind, said))
        case Service.OPSGENIE:
            return _opsgenie_call(channel.api or OPSGENIE, secret, kind, said)
        case _:
            return _call(secret, webhook_body(kind, said), {"webhook-id": message_id})


def subject_of(kind: str, said: Announcement) -> str:
    """The first line, for people."""
    if kind == RESOLVED:
        return f"Resolved: {said.title}"
    if kind == ACKNOWLEDGED:
        return f"Acknowledged: {said.title}"
    if kind == TEST:
        return f"Test: {said.title}"
    return f"{said.severity.value.capitalize()}: {said.title}"


def lines_of(kind: str, said: Announcement) -> list[str]:
    """The lines below the first, for people."""
    lines = list(said.lines)
    if said.more:
        lines.append(f"and {said.more:,} more")
    if said.owner and kind != RESOLVED:
        lines.append(f"Owner: {said.owner}")
    if said.since:
        lines.append(f"Since {_moment(said.since)}")
    lines += [f"shipsync alerts show {one[:8]}" for one in said.alerts[:1] if kind != RESOLVED]
    return lines


def webhook_body(kind: str, said: Announcement) -> dict[str, Any]:
    """The body of a plain webhook."""
    return {
        "type": kind, "key": said.key, "severity": said.severity.value, "title": said.title, "count": said.count,
        "lines": said.lines, "more": said.more, "kind": said.kind, "source": said.source, "owner": said.owner,
        "alerts": said.alerts, "customers": said.customers, "times_raised": said.times,
        "since": _moment(said.since) if said.since else None,
    }


def _call(url: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> Call:
    return Call(url, json.dumps(body, ensure_ascii=False), {
        "content-type": "application/json", "user-agent": "shipsync", "accept-encoding": "identity", **(headers or {}),
    })


def _slack_text(kind: str, said: Announcement) -> str:
    return "\n".join((f"*{_slack(subject_of(kind, said))}*", *(f"• {_slack(one)}" for one in lines_of(kind, said))))


def _slack(text: str) -> str:
    """Text in which nothing is a mention, a link or a mark of Slack's; ``*`` and ``_`` lose their effect by a word
    joiner."""
    escaped = "".join(_SLACK_SIGNS.get(one, one) for one in text)
    return escaped.replace("*", "∗").replace("`", "ˋ").replace("~", "∼")


def _teams_card(kind: str, said: Announcement) -> dict[str, Any]:
    lines = [
        {"type": "TextBlock", "text": _markdown(one), "wrap": True, "spacing": "Small"} for one in lines_of(kind, said)
    ]
    color = "Good" if kind == RESOLVED else "Attention" if said.severity is Severity.CRITICAL else "Warning"
    head = {
        "type": "TextBlock", "text": _markdown(subject_of(kind, said)), "wrap": True, "weight": "Bolder", "color": color
    }
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
        "body": [head, *lines],
    }
    return {
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}],
    }


def _markdown(text: str) -> str:
    return text.translate(_MARKDOWN)


def _pagerduty_event(key: str, kind: str, said: Announcement) -> dict[str, Any]:
    event: dict[str, Any] = {
        "routing_key": key, "event_action": _PAGER_ACTIONS.get(kind, "trigger"), "dedup_key": said.key,
        "client": SOURCE,
    }
    if event["event_action"] != "trigger":
        return event
    details = {"lines": said.lines, "more": said.more, "owner": said.owner, "alerts": said.alerts}
    return event | {"payload": {
        "summary": said.title[:LONGEST_SUMMARY], "source": said.source or SOURCE, "severity": said.severity.value,
        "component": said.kind, "group": said.source,
        "custom_details": details | {"customers": said.customers, "count": said.count},
        **({"timestamp": _moment(said.since)} if said.since else {}),
    }}


def _opsgenie_call(api: str, key: str, kind: str, said: Announcement) -> Call:
    headers = {"authorization": f"GenieKey {key}"}
    action = _OPSGENIE_ACTIONS.get(kind)
    if action is not None:
        url = f"{api}/v2/alerts/{quote(said.key, safe='')}/{action}?identifierType=alias"
        return _call(url, {"source": SOURCE}, headers)
    return _call(f"{api}/v2/alerts", {
        "message": said.title[:LONGEST_OPSGENIE_MESSAGE], "alias": said.key,
        "description": "\n".join((said.title, *lines_of(kind, said))), "priority": _PRIORITIES[said.severity],
        "source": SOURCE, "entity": said.source, "tags": [said.kind] if said.kind else [],
        "details": {"owner": said.owner, "alerts": ", ".join(said.alerts), "count": str(said.count)},
    }, headers)


def _moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")
