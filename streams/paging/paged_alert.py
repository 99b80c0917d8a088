"""An open alert as channels are told of it: what it has in common with others, and what nobody answered in time.
Times are UTC ms."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from streams.contracts.model import Alert
from streams.contracts.paging import AlertGroup, PagedAlert, ToldChannel
from streams.kernel.alert_vocabulary import AlertState
from streams.kernel.vocabulary import Severity
from streams.paging.channels import PagingPolicy

Record = PagedAlert | AlertGroup
ALERT = "alert:"
_SEVERITIES = tuple(Severity)


def next_due(record: Record, policy: PagingPolicy) -> int | None:
    """When the clock changes the record, UTC ms; None: it does not."""
    if isinstance(record, AlertGroup):
        return record.due_at
    return min((at for at, _ in escalations(record, policy)), default=None)


def alert_key(alert_id: str) -> str:
    """The key of an alert's record."""
    return ALERT + alert_id


def cause_of(alert: PagedAlert) -> str:
    """The part that alerts told together have in common."""
    return ":".join((alert.kind.value, alert.exception.value, alert.carrier or alert.feed or ""))


def paged(alert: Alert, told: Sequence[ToldChannel] = ()) -> PagedAlert:
    """The alert as channels are told of it."""
    return PagedAlert(
        alert.alert_id, alert.kind, alert.state, alert.severity, alert.subject, alert.message, alert.exception,
        alert.raised_at, alert.times_raised, list(alert.channels), list(told), alert.carrier, alert.feed, alert.owner,
        sorted({one.customer_id for one in alert.orders if one.customer_id}),
    )


def escalations(alert: PagedAlert, policy: PagingPolicy) -> list[tuple[int, str]]:
    """When which channel is to be told, because nobody acknowledged."""
    if alert.state is not AlertState.RAISED:
        return []
    reached = {one.channel for one in alert.told}
    found = []
    for one in alert.told:
        channel = policy.channels.get(one.channel)
        if one.waiting or channel is None or channel.escalate_ms is None or channel.escalate_to is None:
            continue
        if channel.escalate_to not in reached and channel.escalate_to in policy.channels:
            found.append((one.at + channel.escalate_ms, channel.escalate_to))
    return found


def asks_again(alert: PagedAlert, told: ToldChannel) -> bool:
    """Whether it asks for attention since the channel was told."""
    return alert.times_raised > told.times_raised or (
        _SEVERITIES.index(alert.severity) > _SEVERITIES.index(told.severity)
    )


def entry_of(alert: PagedAlert, channel: str) -> ToldChannel:
    """How the channel was told of the alert."""
    return next((one for one in alert.told if one.channel == channel), ToldChannel(channel))


def with_entry(alert: PagedAlert, entry: ToldChannel) -> PagedAlert:
    """The alert with what a channel was told."""
    others = [one for one in alert.told if one.channel != entry.channel]
    return replace(alert, told=[*others, entry])
