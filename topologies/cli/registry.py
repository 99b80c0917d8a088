"""``shipsync registry``: the embedded read-only registry endpoint, started by ``shipsync up``."""

from __future__ import annotations

import signal
import threading
from urllib.parse import urlsplit

from topologies.cli import current


def command() -> None:
    """Serve the contracts of avro/ in the Confluent Schema Registry's read API, at SHIPSYNC_REGISTRY_URL."""
    from connectors.embedded.registry import serve

    settings = current.settings()
    url = urlsplit(settings.registry.url)
    server = serve(url.hostname or settings.process.host, url.port or 80)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.2)
    server.server_close()
