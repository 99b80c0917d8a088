"""A gateway in this process: its log a list, its clocks set by hand, Redis away."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from config.settings import Settings
from config.topics import STATIC
from connectors.carriers import discover
from connectors.gateway.app import build
from connectors.gateway.rates import Rates
from connectors.gateway.services import Services
from connectors.gateway.stored_responses import StoredResponses
from connectors.kafka.log_writer import NotWritten, Place
from connectors.kafka.producer import Record
from streams.contracts.model import MasterRecord
from tests.support.registry import fake_registry

NOWHERE = "redis://127.0.0.1:1/0"
NOW = 1_790_000_000.0

CARRIER = """\
feed: {feed}
name: Acme
carrier: acme
formats: [{formats}]
channel: webhook
zone: Europe/Berlin
cadence: {{expect_every: 90s, stale_after: 2h}}
source: Acme's manual
documents:
  - name: scan
    when: message.number
    tracking_number: message.number
    time: [{{stamp: message.at}}]
    statuses: codes
    code: message.code
statuses:
  codes: {{source: "Acme's manual", codes: {{D: delivered}}}}
"""


class ListLog:
    """Keeps what is written; refuses it while ``away`` says why, and what is for a topic of ``refuses``."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.away: NotWritten | None = None
        self.refuses: frozenset[str] = frozenset()

    async def write(self, record: Record) -> Place:
        if self.away is not None:
            raise self.away
        if record.topic in self.refuses:
            raise NotWritten("not this topic")
        self.records.append(record)
        return Place(record.topic, 0, len(self.records) - 1)

    async def topics(self) -> frozenset[str]:
        if self.away is not None:
            raise self.away
        return frozenset({*(topic.name for topic in STATIC), "raw.acme.v1"})

    def close(self) -> None:
        """Nothing is under way."""


@dataclass
class Gateway:
    """A gateway and what is behind it."""

    client: TestClient
    log: ListLog
    services: Services
    master: dict[str, MasterRecord] = field(default_factory=dict)
    clock: list[float] = field(default_factory=lambda: [NOW])


def gateway(home: Path, push: str = "", formats: str = "json", **settings: Any) -> Gateway:
    """One with the single carrier ``acme``, whose file has this ``push:`` section; further settings as given.

    ``push_secrets`` and ``api_keys`` may be given as dicts.
    """
    folder = home / "acme"
    folder.mkdir()
    (folder / "carrier.yaml").write_text(CARRIER.format(feed="acme", formats=formats) + push, "utf-8")
    told = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in settings.items()}
    made = Settings(_env_file=None, redis_url=NOWHERE, **told)
    clock, log = [NOW], ListLog()
    services = Services(
        made, log, StoredResponses(made.redis, made.gateway.idempotency, lambda: clock[0]),
        Rates(made.gateway.rate, lambda: clock[0]), lambda: clock[0],
    )
    master: dict[str, MasterRecord] = {}
    app = build(discover(home), fake_registry(), services, lambda: master)
    return Gateway(TestClient(app, raise_server_exceptions=False), log, services, master, clock)
