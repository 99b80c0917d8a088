"""Writes the OpenAPI descriptions of the gateway and of the portal into a folder, for ``make openapi``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import cast

from config.settings import Settings
from connectors.carriers import enabled_carriers
from connectors.gateway import app as gateway
from connectors.gateway.rates import Rates
from connectors.gateway.services import Services
from connectors.gateway.stored_responses import StoredResponses
from connectors.kafka.log_writer import RecordWriter
from connectors.kafka.registry import Registry
from connectors.kafka.stored_record import RecordReader
from connectors.read_store.reader import ReadStore
from portal.api.services import PortalServices
from portal.server import app as portal


def write(folder: Path) -> None:
    """Write ``gateway.json`` and ``portal.json``; nothing is connected to."""
    settings = Settings(_env_file=None)
    nobody = cast(RecordWriter, None)
    services = Services(
        settings, nobody, StoredResponses(settings.redis, settings.gateway.idempotency),
        Rates(settings.gateway.rate),
    )
    built = {
        "gateway": gateway.build(enabled_carriers(settings.intake), Registry(settings), services),
        "portal": portal.build(PortalServices(settings, ReadStore(folder), RecordReader(settings, "shipsync-portal"))),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, app in built.items():
        (folder / f"{name}.json").write_text(json.dumps(app.openapi(), indent=2), "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
