"""The ports through which the tower's pages reach the outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from fastapi import Request
from fastapi.responses import HTMLResponse

from config.portal import PortalSettings
from connectors.embedded.outbox import OutboxFolder
from connectors.embedded.stage_kill import KillFolder
from connectors.portal_store.filters import SavedFilters
from connectors.read_store.reader import ReadStore
from portal.live.changes import Changes
from portal.pages.templates import html
from portal.sign_in.people import DECIDE_BOOKINGS, DECIDE_DELIVERIES, DECIDE_POSTINGS, READ_AUDIT, Person, Role
from portal.tower.sent import Sent
from portal.tower.standing import standing
from portal.tracking.documents import Documents
from portal.words.times import HOUR
from streams.contracts.audit import Actor
from streams.contracts.ids import shipment_key
from streams.contracts.model import AlertAction, AuditAction, BookingDecision, DeadLetter
from streams.contracts.references import Named
from streams.kernel.audit_vocabulary import ActionChannel, ActorKind
from streams.kernel.vocabulary import FulfilmentAction, Severity


class RawRecord(NamedTuple):
    """A record of Kafka as it was received. ``headers``: name and value, as text."""

    value: bytes
    headers: tuple[tuple[str, str], ...] = ()


class Decision(NamedTuple):
    """A person says which shipment a reference is. ``at``: UTC ms."""

    reference: Named
    carrier: str
    number: str
    actor: Actor
    at: int

    @property
    def shipment(self) -> str:
        """CARRIER:NUMBER."""
        return shipment_key(self.carrier, self.number)


class Moved(NamedTuple):
    """An event that a decision sends to a shipment, or takes back from it. ``at``: when it occurred, UTC ms."""

    shipment: str
    milestone: str
    at: int


class Resolution(NamedTuple):
    """The effects of a decision on a reference. ``lines``: order, delivery, shipment of order lines that claim it;
    ``unclaimed``: of those that claim it no more; ``still_waiting``: how many events and lines wait on."""

    sent: Sequence[Moved]
    retracted: Sequence[Moved]
    lines: Sequence[tuple[str, str, str]]
    unclaimed: Sequence[tuple[str, str, str]]
    still_waiting: int


class HeldDelivery(NamedTuple):
    """A delivery that is held back, and who hears of it once it is released: customers, deliveries of the ERP."""

    delivered_at: int
    customers: Sequence[str]
    deliveries: Sequence[str]


class ReplayTrial(NamedTuple):
    """The outcome a replay of a dead letter would have. ``why_not``: why there can be none; empty where there can.
    ``events`` a carrier's record would become, ``refused``: why it, or a part of it, would be refused again;
    ``is_tried``: whether these two are known."""

    letter: DeadLetter
    why_not: str
    events: Sequence[Moved]
    refused: str
    is_tried: bool


class Actions(Protocol):
    """Takes people's actions. Each waits until the action is kept; all raise Transient where it is not, and Fatal where
    there is nothing to act on. ``now``: UTC ms."""

    def act(self, action: AlertAction, actor: Actor) -> None:
        """Acts on an alert."""

    def resolution(self, decision: Decision) -> Resolution:
        """The effects the decision would have; nothing is written."""

    def resolve(self, decision: Decision) -> None:
        """Says whose a reference is."""

    def held(self, key: str, actor: Actor, now: int) -> HeldDelivery:
        """The delivery of the shipment that is held back; nothing is written."""

    def release(self, key: str, actor: Actor, now: int, reason: str) -> None:
        """Says that it is true: customers and the ERP hear of it."""

    def refuse(self, key: str, actor: Actor, now: int, reason: str) -> None:
        """Says that it is not true: it stays held back."""

    def decide_delivery(
        self, delivery_id: str, action: FulfilmentAction, actor: Actor, now: int, reason: str
    ) -> None:
        """Releases, waives or closes a delivery that waits to be confirmed."""

    def decide_booking(self, wanted: BookingDecision, actor: Actor) -> BookingDecision:
        """Books a delivery anew, cancels its booking, or answers a carrier's terms; returns what was written."""

    def send_again(self, message_id: str, customer: str, actor: Actor, now: int) -> None:
        """Sends a message to a customer again that was sent or given up."""

    def pause(self, feed: str, actor: Actor, now: int, reason: str) -> None:
        """Lets the raw records of a feed wait."""

    def resume(self, feed: str, actor: Actor, now: int) -> None:
        """Lets a paused feed go on."""

    def replay_trials(self, letters: Sequence[DeadLetter]) -> Sequence[ReplayTrial]:
        """The outcome a replay of each dead letter would have; nothing is written."""

    def replay(self, letters: Sequence[DeadLetter], actor: Actor, now: int, reason: str) -> Sequence[str]:
        """Writes the records of dead letters to their topics again; the places of those that were."""


    def recorded(self, action: AuditAction) -> AbstractContextManager[None]:
        """Records an action on the audit trail before the block does it, and that it failed where the block raises."""


class RawRecords(Protocol):
    """Reads raw records and dead letters."""

    def record(self, topic: str, partition: int, offset: int) -> RawRecord | None:
        """The record at that place; None where it is no longer kept. Raises Transient where Kafka is away."""


def targets_of(settings: PortalSettings) -> Mapping[Severity, int]:
    """The time in ms within which an alert of each severity is to be closed."""
    hours = {
        Severity.CRITICAL: settings.critical_hours, Severity.WARNING: settings.warning_hours,
        Severity.INFO: settings.info_hours,
    }
    return {severity: round(many * HOUR) for severity, many in hours.items()}


@dataclass(frozen=True)
class TowerServices:
    """``signed_in``: finds the person of a request, or refuses it; ``now``: UTC ms; ``targets``: ms within which an
    alert of a severity is to be closed. ``kills``: where a stage may be killed to see that nothing is lost; None
    everywhere but on an embedded stack. ``outbox``: e-mail that such a stack kept. ``documents``: None where none are
    shown."""

    store: ReadStore
    actions: Actions
    raw: RawRecords
    signed_in: Callable[[Request], Person]
    changes: Changes
    now: Callable[[], int]
    targets: Mapping[Severity, int]
    filters: SavedFilters
    sent: Sent = field(default_factory=Sent)
    kills: KillFolder | None = None
    outbox: OutboxFolder | None = None
    documents: Documents | None = None

    def show(self, template: str, who: Person, active: str, **context: object) -> HTMLResponse:
        """A page of the tower, with the banner that says how old the view is. ``active``: its place in the menu."""
        now = self.now()
        return html(f"tower/{template}", {
            **context, "who": who, "active": active, "now": now, "may_act": who.may(Role.OPERATOR),
            "may_decide": who.may(*DECIDE_DELIVERIES), "may_audit": who.may(*READ_AUDIT),
            "may_bill": who.may(*DECIDE_POSTINGS), "may_book": who.may(*DECIDE_BOOKINGS),
            "has_stack_page": self.kills is not None, "has_outbox_page": self.outbox is not None,
            "standing": standing(self.store.standing(), now),
        })

    def names(self, customers: set[str]) -> Mapping[str, str]:
        """Customers' names as people entered them, by number; without one, the number."""
        known = self.store.customers(sorted(customers))
        return {one: (known[one].name if one in known else "") or one for one in customers}


def actor_of(who: Person) -> Actor:
    """Somebody who has signed in, as the audit trail names them."""
    return Actor(who.name, ActorKind.PERSON, ActionChannel.TOWER, who.role.value)
