"""The value of ``paging.state``: which channels were told of which open alert. Times are UTC milliseconds."""

from __future__ import annotations

from msgspec import Struct, field

from streams.contracts.outbound import OutboundDestination, OutboundQueue
from streams.kernel.vocabulary import AlertKind, AlertState, ExceptionType, Severity


class ToldChannel(Struct, frozen=True, array_like=True):
    """A channel that was told of an alert, or is about to be. ``group``: the message it was told by: the alert's id, or
    that of several alerts; empty: not told yet. ``waiting``: it waits for the next message. ``at``: when it was told,
    or began to wait; ``times_raised`` and ``severity``: the alert's at that time."""

    channel: str
    group: str = ""
    waiting: bool = False
    at: int = 0
    times_raised: int = 0
    severity: Severity = Severity.INFO


class PagedAlert(Struct, frozen=True):
    """An open alert as channels are told of it. ``channels``: where it is to be told; ``customers``: of the orders it
    names."""

    alert_id: str
    kind: AlertKind
    state: AlertState
    severity: Severity
    subject: str
    message: str
    exception: ExceptionType
    raised_at: int
    times_raised: int
    channels: list[str] = field(default_factory=list)
    told: list[ToldChannel] = field(default_factory=list)
    carrier: str | None = None
    feed: str | None = None
    owner: str | None = None
    customers: list[str] = field(default_factory=list)


class AlertGroup(Struct, frozen=True):
    """Alerts of one cause that a channel is told by one message. ``group``: the message, empty while more may join
    (until ``due_at``); ``members``: ids of the alerts that are in it still; ``count`` and ``title``: as it was told."""

    channel: str
    group: str
    cause: str
    opened_at: int
    due_at: int | None = None
    members: list[str] = field(default_factory=list)
    count: int = 0
    title: str = ""


class PagingState(Struct):
    """One record of the changelog: exactly one of the four."""

    alert: PagedAlert | None = None
    group: AlertGroup | None = None
    destination: OutboundDestination | None = None
    queue: OutboundQueue | None = None
