"""The pages over a read model in this process, and stand-ins for Kafka behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from fastapi import FastAPI, Request
from msgspec import structs

from connectors.embedded.outbox import OutboxFolder
from connectors.embedded.stage_kill import KillFolder
from connectors.portal_store.filters import SavedFilters
from connectors.read_store.reader import ReadStore
from portal.live.changes import Changes
from portal.pages import static_files
from portal.sign_in.people import Person, Role
from portal.tower.router import router as tower
from portal.tower.services import (
    Decision,
    HeldDelivery,
    Moved,
    RawRecord,
    ReplayTrial,
    Resolution,
    TowerServices,
)
from portal.tracking.router import TrackingServices
from portal.tracking.router import router as tracking
from portal.tracking.tokens import Tokens
from streams.contracts.audit import Actor
from streams.contracts.model import AuditAction, BookingDecision, DeadLetter
from streams.kernel.errors import Fatal, Transient
from streams.kernel.vocabulary import ActionOutcome, FulfilmentAction, Milestone, Severity
from tests.support.kept_documents import documents_in
from tests.support.portal_afternoon import STAR, STAR_CUSTOMER
from tests.support.read_model_world import DAY, HOUR, MINUTE, NOON

SECRET = "a secret of tests that is long enough"
TARGETS = {Severity.CRITICAL: 4 * HOUR, Severity.WARNING: DAY, Severity.INFO: 3 * DAY}
"""Within how long an alert is to be closed."""
ADA = Person("Ada", Role.OPERATOR)
"""Who looks at pages in tests."""


class Acts:
    """Keeps actions; ``away``: refuses them as an unreachable Kafka does; ``late``: there is nothing to act on."""

    def __init__(self) -> None:
        self.taken: list[object] = []
        self.actors: list[Actor] = []
        self.recorded_actions: list[AuditAction] = []
        self.away = self.late = False

    def act(self, action: object, actor: Actor) -> None:
        """Take an action on an alert."""
        self._take(action, actor)

    def resolution(self, decision: Decision) -> Resolution:
        """An event and an order's line go to the shipment."""
        self._answer()
        moved = Moved(decision.shipment, Milestone.PICKED_UP, NOON - 30 * HOUR)
        return Resolution([moved], [], [("SO-48001", "DN-70001", decision.shipment)], [], 1)

    def resolve(self, decision: Decision) -> None:
        """Take the decision."""
        self._take(decision, decision.actor)

    def held(self, key: str, actor: Actor, now: int) -> HeldDelivery:  # noqa: ARG002
        """One customer and one delivery wait."""
        self._answer()
        return HeldDelivery(NOON - 2 * HOUR, [STAR_CUSTOMER], ["DN-70003"])

    def release(self, key: str, actor: Actor, now: int, reason: str) -> None:
        """Take it."""
        self._take(("release", key, now, reason), actor)

    def refuse(self, key: str, actor: Actor, now: int, reason: str) -> None:
        """Take it."""
        self._take(("refuse", key, now, reason), actor)

    def decide_delivery(
        self, delivery_id: str, action: FulfilmentAction, actor: Actor, now: int, reason: str
    ) -> None:
        """Take it."""
        self._take(("decide_delivery", delivery_id, action, now, reason), actor)

    def decide_booking(self, wanted: BookingDecision, actor: Actor) -> BookingDecision:
        """Take it."""
        self._take(wanted, actor)
        return wanted

    def send_again(self, message_id: str, customer: str, actor: Actor, now: int) -> None:
        """Take it."""
        self._take(("send_again", message_id, customer, now), actor)

    def pause(self, feed: str, actor: Actor, now: int, reason: str) -> None:
        """Take it."""
        self._take(("pause", feed, now, reason), actor)

    def resume(self, feed: str, actor: Actor, now: int) -> None:
        """Take it."""
        self._take(("resume", feed, now), actor)

    def replay_trials(self, letters: Sequence[DeadLetter]) -> list[ReplayTrial]:
        """The first would become a delivery, those of other steps are read again, the last is refused again."""
        self._answer()
        moved = Moved(f"ups:{STAR}", Milestone.DELIVERED, NOON - HOUR)
        return [
            ReplayTrial(one, "", [moved], "", True) if one.feed == "ups"
            else ReplayTrial(one, "", [], "malformed: not JSON", True) if one.step == "intake"
            else ReplayTrial(one, "" if one.step == "orders" else "it does not take records again", [], "", False)
            for one in letters
        ]

    def replay(self, letters: Sequence[DeadLetter], actor: Actor, now: int, reason: str) -> list[str]:
        """Take them all."""
        places = [one.place for one in letters]
        self._take(("replay", places, now, reason), actor)
        return places

    @contextmanager
    def recorded(self, action: AuditAction) -> Iterator[None]:
        """Keep the action, and whether the block did it."""
        self._answer()
        self.recorded_actions.append(action)
        try:
            yield
        except Exception:
            self.recorded_actions.append(structs.replace(action, outcome=ActionOutcome.FAILED))
            raise

    def _take(self, action: object, actor: Actor) -> None:
        self._answer()
        self.taken.append(action)
        self.actors.append(actor)

    def _answer(self) -> None:
        if self.away:
            raise Transient("the broker did not answer")
        if self.late:
            raise Fatal("it was done already")


class Payloads:
    """Raw records of tests; ``away``: as an unreachable Kafka."""

    def __init__(self, records: dict[tuple[str, int, int], bytes] | None = None) -> None:
        self.records, self.away = records or {}, False

    def record(self, topic: str, partition: int, offset: int) -> RawRecord | None:
        """The record, or none."""
        if self.away:
            raise Transient("the broker did not answer")
        found = self.records.get((topic, partition, offset))
        return None if found is None else RawRecord(found, (("content-type", "application/json"),))


class Portal(NamedTuple):
    """The application and what is behind it."""

    app: FastAPI
    acts: Acts
    payloads: Payloads
    tokens: Tokens
    store: ReadStore


def portal(
    folder: Path, *, who: Person = ADA, now: Callable[[], int] = lambda: NOON + MINUTE // 2,
    brands: Path | None = None, kills: KillFolder | None = None, outbox: OutboxFolder | None = None,
) -> Portal:
    """The pages over the read model in the folder."""
    store, acts = ReadStore(folder), Acts()
    payloads = Payloads({
        ("raw.ups.v1", 0, 7): b'{"trackingNumber":"1Z999AA10123456784","status":{"code":"DP"}}',
        ("raw.ups.v1", 0, 5): b'{"events":[{"time":"yesterday","code":"DLV"}]}',
    })
    tokens, documents = Tokens(SECRET), documents_in(folder.parent / "documents", lambda: now() / 1000)

    def signed_in(_: Request) -> Person:
        return who

    app = FastAPI()
    app.include_router(static_files.router())
    app.include_router(tower(TowerServices(
        store, acts, payloads, signed_in, Changes(store, 0.05), now, TARGETS, SavedFilters(folder.parent / "kept"),
        kills=kills, outbox=outbox, documents=documents,
    )))
    app.include_router(tracking(TrackingServices(store, tokens, now, brands, documents=documents)))
    return Portal(app, acts, payloads, tokens, store)


def brands(folder: Path) -> Path:
    """A file of brands with a logo, in the folder."""
    folder.joinpath("northwind.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><circle cx="20" cy="20" r="20" fill="#0f766e"/>'
        '<path d="M20 6l5 18-5-4-5 4z" fill="#fff"/></svg>', "utf-8",
    )
    file = folder / "brands.yaml"
    file.write_text(
        'default: {name: Example Logistics}\n'
        'customers:\n  C-1002: {name: Northwind Medical, colour: "#0f766e", logo: northwind.svg}\n', "utf-8",
    )
    return file
