"""What is told and kept of alerts: one Struct per topic value, as ``contracts/model.py`` has them."""

from __future__ import annotations

from msgspec import Struct, field

from streams.kernel.vocabulary import (
    ActionKind,
    AlertKind,
    AlertState,
    AlertStep,
    ExceptionType,
    Reason,
    Severity,
)


class AlertOrder(Struct, frozen=True, array_like=True):
    """An order an alert is about, one of its deliveries, and what it is worth where the ERP says so."""

    order_id: str
    delivery_id: str
    customer_id: str
    order_value: float | None = None
    currency: str | None = None


class AtStake(Struct, frozen=True, array_like=True):
    """The value of orders in one currency (ISO 4217; empty where the ERP names none)."""

    currency: str
    amount: float


class AlertSignal(Struct):
    """What a stage says of one cause: it is there (``raised``), or it is over (``resolved``).

    ``orders`` are the first ones, ``at_stake`` counts all. Of two signals of a cause the one said last holds:
    ``said_at`` is the stage's clock, ``place`` which it was of all that was said in that moment.
    """

    alert_id: str
    kind: AlertKind
    state: AlertState
    severity: Severity
    subject: str
    message: str
    exception: ExceptionType
    reason: Reason
    raised_at: int
    changed_at: int
    carrier: str | None = None
    feed: str | None = None
    cause: str = ""
    orders: list[AlertOrder] = field(default_factory=list)
    at_stake: list[AtStake] = field(default_factory=list)
    said_at: int = 0
    place: int = 0


class AlertAction(Struct, frozen=True):
    """What a person does about an alert, and when. ``until``: end of a snooze; ``owner``: whom it is given to."""

    alert_id: str
    action: ActionKind
    by: str
    at: int
    note: str = ""
    until: int | None = None
    owner: str | None = None


class AlertChange(Struct, frozen=True, array_like=True):
    """One step of an alert's life. ``by``: a person, or ``itself``."""

    at: int
    step: AlertStep
    by: str
    note: str = ""


class Alert(Struct):
    """Something a person should look at. One alert per cause and subject; the topic is compacted by ``alert_id``.

    ``raised_at``: since when the cause lasts; ``changed_at``: when anything of it last changed. ``affected`` counts
    shipments, ``shipments`` names the first. ``under``: id of the alert it is gathered under. ``record``: the alerts
    stage's own, of which all the rest is made.
    """

    alert_id: str
    kind: AlertKind
    state: AlertState
    severity: Severity
    subject: str
    message: str
    exception: ExceptionType
    reason: Reason
    raised_at: int
    changed_at: int
    carrier: str | None = None
    feed: str | None = None
    cause: str = ""
    owner: str | None = None
    channels: list[str] = field(default_factory=list)
    affected: int = 0
    shipments: list[str] = field(default_factory=list)
    orders: list[AlertOrder] = field(default_factory=list)
    at_stake: list[AtStake] = field(default_factory=list)
    acknowledged_at: int | None = None
    acknowledged_by: str | None = None
    snoozed_until: int | None = None
    snoozed_by: str | None = None
    resolved_at: int | None = None
    resolved_by: str | None = None
    times_raised: int = 0
    flapping: bool = False
    escalated: bool = False
    under: str | None = None
    note: str = ""
    history: list[AlertChange] = field(default_factory=list)
    record: bytes = b""
