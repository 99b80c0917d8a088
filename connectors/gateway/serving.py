"""Serves the gateway on uvicorn, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import socket
from ipaddress import ip_network

import uvicorn

from config.settings import Settings
from connectors.carriers import enabled_carriers
from connectors.gateway.app import build
from connectors.gateway.connections import ConnectionLimits, Connections, guarded
from connectors.gateway.pushed_documents import keeping_of
from connectors.gateway.rates import Rates
from connectors.gateway.services import Services
from connectors.gateway.stored_responses import StoredResponses
from connectors.kafka.log_writer import KafkaWriter
from connectors.kafka.registry import Registry
from streams.kernel.errors import Fatal

BACKLOG = 1024
REGISTRY_SECONDS = 2.0


def serve(settings: Settings) -> None:
    """Serve until told to end; what is in hand is answered first. Raises Fatal, SettingsError or CarrierFileError."""
    with _listening(settings) as listener:
        services = Services(
            settings, KafkaWriter(settings, settings.gateway.ack_timeout),
            StoredResponses(settings.redis, settings.gateway.idempotency), Rates(settings.gateway.rate),
        )
        app = build(
            enabled_carriers(settings.intake), Registry(settings, patience=REGISTRY_SECONDS), services,
            keeping=keeping_of(settings),
        )
        server = uvicorn.Server(uvicorn.Config(
            app, http=_protocol(settings), ws="none", log_config=None, access_log=False, proxy_headers=False,
            server_header=False, timeout_keep_alive=int(ConnectionLimits.idle_seconds),
            timeout_graceful_shutdown=int(settings.stage.drain_timeout) or 1,
        ))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _no_more_than_that)
        server.run(sockets=[listener])


def _protocol(settings: Settings) -> type[asyncio.Protocol]:
    """uvicorn's protocol under this installation's limits."""
    chosen = settings.gateway
    limits = ConnectionLimits(in_all=chosen.connections, of_one_peer=chosen.peer_connections)
    return guarded(Connections(limits, [ip_network(one) for one in chosen.trusted_proxies]))


def _no_more_than_that(number: int, frame: object) -> None:
    """Ignore the signal that uvicorn raises again after it has shut down because of it."""


def _listening(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.process.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.process.host, settings.gateway.port))
    except OSError as error:
        listener.close()
        raise Fatal(
            f"the gateway cannot listen on {settings.process.host}:{settings.gateway.port} ({error.strerror});"
            " set SHIPSYNC_GATEWAY_PORT"
        ) from error
    listener.listen(BACKLOG)
    return listener
