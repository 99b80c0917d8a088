"""A portal in this process over the sample world: its raw messages a dict, its clocks set by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from config.settings import Settings
from connectors.kafka.stored_record import StoredRecord
from connectors.read_store.reader import ReadStore
from portal.api.clients import OF_CUSTOMERS, SCOPES
from portal.api.services import PortalServices
from portal.server.app import build
from streams.contracts.audit import Actor
from streams.contracts.bookings import BookingDecision
from streams.kernel.errors import Fatal, Transient
from streams.kernel.vocabulary import FulfilmentAction
from tests.support.kept_documents import documents_in
from tests.support.read_model_world import ACME, NOON, OTHER, fill
from tests.support.told_topic import ToldTopic

ALL, OF_ACME, OF_OTHER, LEAST = "key-of-all", "key-of-acme", "key-of-other", "key-for-feeds"
LATER = NOON / 1000 + 30
"""The portal's clock: half a minute after the world was read, UTC seconds."""


def entry(name: str, key: str, scopes: Any = SCOPES, **more: Any) -> dict[str, Any]:
    """One entry of SHIPSYNC_CLIENTS."""
    return {"name": name, "hash": f"sha256:{sha256(key.encode()).hexdigest()}", "scopes": sorted(scopes), **more}


CLIENTS = [
    entry("all", ALL), entry("acme", OF_ACME, OF_CUSTOMERS, customer=ACME),
    entry("other", OF_OTHER, OF_CUSTOMERS, customer=OTHER), entry("least", LEAST, ["feeds:read"]),
]


@dataclass
class RawMessages:
    """Raw messages by place; ``away``: no broker answers."""

    kept: dict[tuple[str, int, int], bytes] = field(default_factory=dict)
    away: bool = False

    def read(self, topic: str, partition: int, offset: int) -> StoredRecord | None:
        if self.away:
            raise Transient("no broker")
        value = self.kept.get((topic, partition, offset))
        return None if value is None else StoredRecord(value, NOON)

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Decided:
    """Decisions about deliveries and bookings that were taken; ``away``: no broker answers; ``late``: it is possible no
    more."""

    taken: list[tuple[str, str, str, str, int]] = field(default_factory=list)
    bookings: list[BookingDecision] = field(default_factory=list)
    away: bool = False
    late: bool = False

    def decide_delivery(
        self, delivery_id: str, action: FulfilmentAction, actor: Actor, now: int, reason: str
    ) -> None:
        if self.away:
            raise Transient("no broker")
        if self.late:
            raise Fatal("it is confirmed by now")
        self.taken.append((delivery_id, action.value, actor.name, reason, now))

    def decide_booking(self, wanted: BookingDecision, actor: Actor) -> BookingDecision:
        if self.away:
            raise Transient("no broker")
        if self.late:
            raise Fatal("it is cancelled by now")
        kept = next((one for one in self.bookings if wanted.key and one.key == wanted.key), None)
        if kept is None:
            assert actor.name == wanted.by
            self.bookings.append(wanted)
        return kept or wanted


@dataclass
class Portal:
    """A portal and what is behind it."""

    client: TestClient
    services: PortalServices
    folder: Path
    raw: RawMessages
    clock: list[float]
    decided: Decided

    def get(self, path: str, key: str = ALL, headers: Mapping[str, str] | None = None) -> Any:
        """The response to a GET with this key."""
        return self.client.get(path, headers={"Authorization": f"Bearer {key}", **(headers or {})})


def portal(home: Path, *, filled: bool = True, clients: Any = None, **settings: Any) -> Portal:
    """One over the sample world; further settings as given."""
    folder = home / "read-model"
    if filled:
        fill(folder)
    made = Settings(_env_file=None, clients=json.dumps(CLIENTS if clients is None else clients), **settings)
    clock, raw = [LATER], RawMessages()
    decided, documents = Decided(), documents_in(home / "documents", lambda: clock[0])
    services = PortalServices(
        made, ReadStore(folder), raw, lambda: clock[0], lambda: clock[0], ToldTopic(), decided, documents
    )
    client = TestClient(build(services), raise_server_exceptions=False)
    return Portal(client, services, folder, raw, clock, decided)
