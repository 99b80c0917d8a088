"""Words an announcement of alerts, as JSON that is the same for every channel;
``connectors/outbound/channels`` makes of it what each service takes."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from streams.contracts.paging import AlertGroup, PagedAlert
from streams.kernel.vocabulary import Severity

RAISED, ACKNOWLEDGED, RESOLVED, TEST = "alert.raised", "alert.acknowledged", "alert.resolved", "alert.test"
MOST_NAMED = 5
LONGEST_LINE = 300
_SEVERITIES = tuple(Severity)


class Announcement(Struct, frozen=True, omit_defaults=True):
    """The body of a message. ``key``: the alert's id, or the group's: the same from the first message to the last.
    ``lines``: the first alerts, ``more``: how many are not named. ``times``: how often the alert was raised. ``since``:
    UTC ms."""

    key: str
    title: str
    severity: Severity
    count: int = 1
    lines: list[str] = []
    more: int = 0
    kind: str = ""
    source: str = ""
    owner: str = ""
    alerts: list[str] = []
    customers: list[str] = []
    times: int = 1
    since: int = 0


_announcement = msgspec.json.Decoder(Announcement)


def title_of(alerts: Sequence[PagedAlert]) -> str:
    """The message's first line: the alert's own, or what the alerts have in common and how many they are."""
    first = alerts[0]
    if len(alerts) == 1:
        return _line(first.message)
    of = first.carrier or first.feed
    return f"{len(alerts)} alerts: {first.kind.value.replace('_', ' ')}{f', {of}' if of else ''}"


def raised(key: str, title: str, alerts: Sequence[PagedAlert]) -> str:
    """The body that tells of alerts."""
    first = alerts[0]
    named = alerts[:MOST_NAMED]
    owners = sorted({one.owner for one in alerts if one.owner})
    customers = sorted({customer for one in alerts for customer in one.customers})
    return _encoded(Announcement(
        key, title, max((one.severity for one in alerts), key=_SEVERITIES.index), len(alerts),
        [_line(one.message) for one in named] if len(alerts) > 1 else [], len(alerts) - len(named), first.kind.value,
        first.carrier or first.feed or "", ", ".join(owners), [one.alert_id for one in named], customers[:MOST_NAMED],
        max(one.times_raised for one in alerts), min(one.raised_at for one in alerts),
    ))


def ended(group: AlertGroup, alert: PagedAlert) -> str:
    """The body that tells that nothing of a message is open any more, or that somebody sees to all of it."""
    return _encoded(Announcement(
        group.group, group.title, alert.severity, group.count, kind=alert.kind.value,
        source=alert.carrier or alert.feed or "", owner=alert.owner or "", alerts=[alert.alert_id],
        times=alert.times_raised, since=alert.raised_at,
    ))


def decoded(body: str) -> Announcement:
    """The announcement of a body. Raises msgspec.DecodeError."""
    return _announcement.decode(body)


def _encoded(announcement: Announcement) -> str:
    return msgspec.json.encode(announcement).decode()


def _line(text: str) -> str:
    plain = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return plain if len(plain) <= LONGEST_LINE else plain[: LONGEST_LINE - 1] + "…"
