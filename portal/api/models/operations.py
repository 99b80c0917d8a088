"""Alerts, feeds, dead letters, raw messages, changes, and how current the view is."""

from __future__ import annotations

from pydantic import Field

from config.topics import raw
from portal.api.models.fields import EXAMPLE_TIME, Document, Moment, Value, example
from streams.kernel.alert_vocabulary import AlertState, AlertStep
from streams.kernel.outbound_vocabulary import OutboundStatus
from streams.kernel.vocabulary import AlertKind, ExceptionType, Reason, Severity


class OrderOfAlert(Document):
    """An order the alert is about."""

    order_id: str
    delivery_id: str
    customer_id: str
    order_value: float | None
    currency: str | None


class ChangeOfAlert(Document):
    """One change in the alert's history. ``by``: a person, or ``itself``."""

    at: Moment
    step: AlertStep
    by: str
    note: str


class ToldChannel(Document):
    """A channel that is told of the alert, by its last message."""

    channel: str = Field(description="Its name in config/alerts.yaml")
    status: OutboundStatus = Field(description="sent: it was told")
    at: Moment = Field(description="When the message was sent, or since when it is where it is")
    attempts: int
    detail: str = Field(description="The service's last answer; empty before the first")


class Alert(Document):
    """Something a person should look at. ``channels`` names where it is routed to, ``told`` who heard of it."""

    model_config = example(
        alert_id="0123456789abcdef0123456789abcdef", kind="delivery_at_risk", state="raised", severity="warning",
        subject="acme:AC123456", message="the delivery is at risk", exception="delay", reason="unknown",
        raised_at=EXAMPLE_TIME, changed_at=EXAMPLE_TIME, carrier="acme", feed=None, cause="", owner=None,
        channels=["operations"],
        told=[{
            "channel": "operations", "status": "sent", "at": EXAMPLE_TIME, "attempts": 1, "detail": "ok",
        }],
        affected=1, shipments=["acme:AC123456"], orders=[], at_stake=[{"currency": "EUR", "amount": 1250.0}],
        acknowledged_at=None, acknowledged_by=None, snoozed_until=None, snoozed_by=None, resolved_at=None,
        resolved_by=None, times_raised=1, flapping=False, escalated=False, under=None, note="", history=[],
    )
    alert_id: str
    kind: AlertKind
    state: AlertState
    severity: Severity
    subject: str
    message: str
    exception: ExceptionType
    reason: Reason
    raised_at: Moment
    changed_at: Moment
    carrier: str | None
    feed: str | None
    cause: str
    owner: str | None
    channels: list[str]
    told: list[ToldChannel]
    affected: int = Field(description="Shipments it is about; the first are named")
    shipments: list[str]
    orders: list[OrderOfAlert]
    at_stake: list[Value]
    acknowledged_at: Moment | None
    acknowledged_by: str | None
    snoozed_until: Moment | None
    snoozed_by: str | None
    resolved_at: Moment | None
    resolved_by: str | None
    times_raised: int
    flapping: bool
    escalated: bool
    under: str | None = Field(description="The alert it is gathered under")
    note: str
    history: list[ChangeOfAlert]


class PauseOfFeed(Document):
    """Whether intake of a feed is paused, by whom and why."""

    paused: bool
    changed_at: Moment
    changed_by: str
    why: str
    unlimited_until: Moment | None


class ActivityOfFeed(Document):
    """A feed's deliveries."""

    last_received_at: Moment | None
    last_event_at: Moment | None
    records: int
    events: int
    dead_letters: int
    unmapped: int
    stale: bool
    stale_since: Moment | None
    watched_since: Moment
    drift_since: Moment | None = Field(description="Since when its payloads change")
    drift_examples: list[str]


class Feed(Document):
    """A feed. ``activity``: null where it has not delivered yet."""

    model_config = example(feed="acme", activity=None, pause=None)
    feed: str
    activity: ActivityOfFeed | None
    pause: PauseOfFeed | None = Field(description="Null where it was never paused")


class Feeds(Document):
    """Every feed, by name."""

    items: list[Feed]


class DeadLetter(Document):
    """A record that could not be used; it lies unchanged on its dead-letter topic."""

    model_config = example(
        step="intake", reason="malformed", detail="no JSON", path=None, origin_topic=raw("acme").name,
        origin_partition=0, origin_offset=5, feed="acme", correlation_id="c-1", size=812, failed_at=EXAMPLE_TIME,
    )
    step: str
    reason: str
    detail: str
    path: str | None
    origin_topic: str
    origin_partition: int
    origin_offset: int
    feed: str | None
    correlation_id: str | None
    size: int = Field(description="Bytes")
    failed_at: Moment


class RawMessage(Document):
    """The message an event was read from, as it was received."""

    model_config = example(
        topic=raw("acme").name, partition=0, offset=7, at=EXAMPLE_TIME, correlation_id="c-1", index=0, size=2,
        text="{}", base64=None,
    )
    topic: str
    partition: int
    offset: int
    at: Moment = Field(description="When it was written")
    correlation_id: str
    index: int = Field(description="Place of the event inside it, from 0")
    size: int = Field(description="Bytes")
    text: str | None = Field(description="The body; null where it is no UTF-8 text")
    base64: str | None = Field(description="The body where it is no UTF-8 text")


class Counts(Document):
    """How many of what there is."""

    shipments: int
    by_status: dict[str, int]
    by_punctuality: dict[str, int]
    by_carrier: dict[str, int]
    with_open_exception: int
    open_alerts: dict[str, int] = Field(description="By kind")
    feeds: int
    stale_feeds: int
    paused_feeds: int


class ViewStatus(Document):
    """How current the view is. ``counts``: null for a customer's key."""

    model_config = example(read_at=EXAMPLE_TIME, behind=0, whole=True, counts=None)
    read_at: Moment | None = Field(description="When it was last brought up to date; null for never")
    behind: int = Field(description="Records that are still to be read")
    whole: bool = Field(description="Whether everything was read once")
    counts: Counts | None


class Change(Document):
    """Something changed: read it anew."""

    model_config = example(what="shipment", key="acme:AC123456", at=EXAMPLE_TIME)
    what: str = Field(description="shipment, order, alert or feed")
    key: str
    at: Moment
