"""Stand-ins for all that commands read, with foreign text in every field."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

from msgspec.structs import replace

from config.settings import Settings
from connectors.outbound import recipient_book
from connectors.outbound.answers import Answer
from connectors.read_store.pages import Page
from connectors.read_store.reader import Found, Standing, ToldEvent, ToldPosting, ToldWord
from streams.contracts.model import (
    Alert,
    BookingState,
    CarrierEvent,
    CustomerUpdate,
    DeadLetter,
    DeliveryMilestone,
    EnrichedEvent,
    ErpPosting,
    FulfilmentState,
    OrderState,
    ShipmentState,
)
from streams.contracts.outbound import CustomerSubscriptions, OutboundOutcome, WebhookEndpoint
from streams.contracts.recipients import Recipient
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import AlertState, AttemptResult, RejectReason, Status
from streams.paging.wording import RAISED
from tests.support.foreign_text import FOREIGN, NUMBER, filled
from tests.support.records import FakeRecord
from topologies.operations import (
    alert_board,
    changelog_repair,
    dead_letter_replay,
    order_trace,
    remap,
    webhook_endpoints,
)
from topologies.operations.remap_effects import Effect
from topologies.operations.remap_reading import Asked, Compared
from topologies.operations.trace_steps import Ids
from topologies.runtime.state.changelog_record import Unreadable

ALERT = replace(filled(Alert), state=AlertState.RAISED)
UNDER = replace(ALERT, under=ALERT.alert_id)
EVENT = {"occurred_at": NUMBER, "carrier": FOREIGN, "milestone": FOREIGN, "shipment": FOREIGN}
LINE = {"order_id": FOREIGN, "delivery_id": FOREIGN, "carrier": FOREIGN, "tracking_number": FOREIGN, "withdrawn": True}
HELD_BACK = {"shipment": FOREIGN, "status": "planned", "delivered_at": NUMBER, "orders": [FOREIGN], "why": FOREIGN}
CONFIRMED = {"shipment": FOREIGN, "delivered_at": NUMBER, "customers": [FOREIGN], "deliveries": [FOREIGN]}
CONSEQUENCES = {"told": [EVENT], "taken_back": [EVENT], "lines": [LINE], "still_waiting": 2}
WAITING = {
    "reference": FOREIGN, "waiting_since": NUMBER, "updated_at": NUMBER, "events": [EVENT], "lines": [LINE],
    "candidates": [FOREIGN],
}
ORDER = {"order_id": FOREIGN, "delivery_id": FOREIGN, "customer_id": FOREIGN, "waits_for": FOREIGN, "why": FOREIGN,
         "updated_at": NUMBER}
SHIPMENT = {"shipment": FOREIGN, "status": FOREIGN, "events": 2, "updated_at": NUMBER}
FEED = {"feed": FOREIGN, "due": 1, "waiting": 1, "settled": 1, "not_found": 1, "expired": 1, "next_due_at": NUMBER,
        "circuit": FOREIGN, "circuit_retry_at": NUMBER, "circuit_reason": FOREIGN}
REQUEST = {"feed": FOREIGN, "tracking_number": FOREIGN, "status": FOREIGN, "due_at": NUMBER, "asked": 1,
           "failures": 1, "not_found": 0, "detail": FOREIGN}
SAMPLE = json.dumps({"number": FOREIGN, "events": [{"code": FOREIGN, FOREIGN: FOREIGN, "at": "2026-11-02T10:00:00Z"}]})


class Board:
    """Two alerts, without a broker."""

    def __init__(self, *_: Any) -> None:
        self.alerts = {ALERT.alert_id: ALERT, "under": UNDER}

    found = alert_board.AlertBoard.found

    def update(self, _: float) -> list[Alert]:
        return []

    def close(self) -> None:
        """Nothing is open."""


class Repair:
    """A state topic with one record that cannot be read."""

    UNREADABLE = Unreadable(
        FakeRecord(FOREIGN, 0, 1, FOREIGN.encode(), b"junk"), Reject(RejectReason.MALFORMED, FOREIGN)
    )

    def __init__(self, *_: Any) -> None:
        """Read nothing."""

    def unreadable(self, **_: Any) -> list[Unreadable]:
        return [self.UNREADABLE]

    def plan(self, remedy: changelog_repair.Remedy, *_: Any) -> changelog_repair.Plan:
        return changelog_repair.Plan(remedy, self.UNREADABLE, None, None)


class Watcher:
    """A look at drop folders that finds a file."""

    waiting = 0

    def __init__(self, *_: Any) -> None:
        """Watch nothing."""

    def look(self) -> list[Any]:
        return [SimpleNamespace(file=FOREIGN, records=1, reason=FOREIGN)]

    def close(self) -> None:
        """Nothing is open."""


class ForeignStore:
    """A read model of one shipment, one order and one alert, with foreign text in every field."""

    def standing(self) -> Standing:
        return Standing(NUMBER, 3, True)

    def find(self, _: str) -> list[Found]:
        return [Found(FOREIGN, FOREIGN, FOREIGN)]

    def messages_of_alerts(self, ids: Sequence[str]) -> dict[str, list[OutboundOutcome]]:
        return {one: [replace(filled(OutboundOutcome), kind=RAISED)] for one in ids}

    def shipment(self, *_: Any) -> ShipmentState | None:
        return filled(ShipmentState)

    def shipments(self, *_: Any) -> Page[ShipmentState]:
        return Page([filled(ShipmentState)], None)

    def shipments_of(self, *_: Any) -> list[ShipmentState]:
        return [filled(ShipmentState)]

    def order(self, *_: Any) -> OrderState | None:
        return filled(OrderState)

    def events(self, _: str) -> list[ToldEvent]:
        return [ToldEvent(NUMBER, filled(EnrichedEvent))]

    def words(self, *_: Any) -> list[ToldWord]:
        return [ToldWord(NUMBER, filled(CustomerUpdate))]

    def postings(self, **_: Any) -> list[ToldPosting]:
        return [ToldPosting(NUMBER, filled(ErpPosting))]

    def alerts(self, *_: Any) -> Page[Alert]:
        return Page([replace(ALERT, alert_id="aaaa")], None)


@contextmanager
def foreign_store() -> Iterator[ForeignStore]:
    """The read model."""
    yield ForeignStore()


class Stack:
    """A stack that starts, says what it may say, and ends."""

    gateway_url = FOREIGN
    portal_url = None

    def __init__(self, settings: Settings, say: Any, hear: Any, **_: Any) -> None:
        self.settings = settings.replace(bootstrap=FOREIGN, registry_url=FOREIGN, data_dir=Path(FOREIGN))
        self._said = (say, hear)

    def start(self, _: Any) -> bool:
        for one in self._said:
            one(FOREIGN, FOREIGN)
        return True

    def run(self, _: Any) -> None:
        """It has ended."""

    stop = run


class ForeignEndpoints:
    """One endpoint of which every text is foreign."""

    def __init__(self, *_: Any) -> None:
        """Know nothing else."""

    @classmethod
    def opened(cls, *_: Any) -> Self:
        return cls()

    def found(self, *_: Any) -> WebhookEndpoint:
        return filled(WebhookEndpoint)

    def change(self, *_: Any, **__: Any) -> webhook_endpoints.Change:
        return webhook_endpoints.Change(filled(CustomerSubscriptions), filled(WebhookEndpoint), FOREIGN)

    add = remove = pause = resume = rotate = dry_run = change


class ForeignRecipients:
    """One recipient of whom every text is foreign."""

    def __init__(self, *_: Any) -> None:
        """Know nobody else."""

    @classmethod
    def opened(cls, *_: Any) -> Self:
        return cls()

    def change(self, *_: Any, **__: Any) -> recipient_book.Change:
        return recipient_book.Change(filled(CustomerSubscriptions), filled(Recipient))

    add = remove = resume = change


async def foreign_answer(*_: Any) -> Answer:
    """An endpoint's answer, foreign in every text."""
    return Answer(AttemptResult.ACCEPTED, FOREIGN, 200)


def foreign_trials(*_: Any) -> list[dead_letter_replay.Trial]:
    """One dead letter that can be replayed, and one that cannot."""
    return [
        dead_letter_replay.Trial(filled(DeadLetter), "", [filled(CarrierEvent)], FOREIGN, True),
        dead_letter_replay.Trial(filled(DeadLetter), FOREIGN),
    ]


def foreign_plan() -> remap.Plan:
    """A re-map of events, with foreign text, that are published, corrected and left as they are."""
    event, place = filled(CarrierEvent), (FOREIGN, 0, 1)
    compared = Compared(
        left_out=Counter({FOREIGN: 1}), dead_letters={place: FOREIGN}, refused=Counter({FOREIGN: 1}),
        refusals=[(place, FOREIGN)], published={FOREIGN: [event]},
    )
    effect = Effect(
        FOREIGN, Status.PLANNED, Status.DELIVERED, {FOREIGN, "1"}, {"1": filled(CustomerUpdate)},
        [filled(DeliveryMilestone)], [filled(ErpPosting)], [FOREIGN],
    )
    return remap.Plan(
        FOREIGN, Asked(NUMBER, None, 0), compared, {FOREIGN: [event]}, {FOREIGN: [(event, FOREIGN)]}, {FOREIGN: effect}
    )


def foreign_trace() -> order_trace.Trace:
    """A trace of one step and one delivery."""
    step = order_trace.Step(
        NUMBER, FOREIGN, FOREIGN, NUMBER - 100_000, FOREIGN, 0, 1, FOREIGN, (FOREIGN, 0, 1)
    )
    names = frozenset([FOREIGN])
    return order_trace.Trace(
        Ids(names, names, names, names), [filled(FulfilmentState)], [filled(BookingState)], [step]
    )


@contextmanager
def no_board(_: Any) -> Iterator[None]:
    """No alerts are read."""
    yield None
