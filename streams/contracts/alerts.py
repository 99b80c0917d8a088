"""The values of ``alert.signals``, ``alert.actions`` and ``ops.alerts``. Times are UTC milliseconds."""

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
    """A stage reports that one cause exists (``raised``) or is over (``resolved``).

    ``orders`` names the first ones, ``at_stake`` counts all. The last signal of a cause counts: ``said_at`` is the
    stage's clock, ``place`` the position among the signals of that moment. ``owner``: who sees to the cause by the
    stage's own rules; empty where these name nobody.
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
    owner: str = ""


class AlertAction(Struct, frozen=True):
    """A person's action on an alert. ``until``: end of a snooze; ``owner``: whom the alert is assigned to."""

    alert_id: str
    action: ActionKind
    by: str
    at: int
    note: str = ""
    until: int | None = None
    owner: str | None = None


class AlertChange(Struct, frozen=True, array_like=True):
    """One change in an alert's history. ``by``: a person, or ``itself``."""

    at: int
    step: AlertStep
    by: str
    note: str = ""


class Alert(Struct):
    """Something a person should look at. One alert for each cause and subject; the topic is compacted by ``alert_id``.

    ``raised_at``: since when the cause lasts; ``changed_at``: when the alert last changed. ``affected`` counts
    shipments, ``shipments`` names the first. ``under``: id of the alert it is gathered under. ``record``: the alerts
    stage's own record, from which the rest is made.
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
