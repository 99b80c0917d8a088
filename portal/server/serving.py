"""Serves pages and API on uvicorn, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import signal
import socket
import time

import uvicorn
from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from config.settings import Settings
from config.sign_on import HERE
from connectors.documents.links import DocumentLinks
from connectors.documents.store import store_of
from connectors.embedded.outbox import OutboxFolder
from connectors.embedded.stage_kill import KillFolder
from connectors.gateway.rates import Rates
from connectors.kafka.stored_record import RecordReader
from connectors.outbound.actions import ActionWriter
from connectors.outbound.secrets import SecretBox
from connectors.portal_store.filters import SavedFilters
from connectors.read_store import files
from connectors.read_store.reader import ReadStore
from portal.api.services import PortalServices
from portal.pages import static_files
from portal.pages.templates import plain_page
from portal.server.app import build
from portal.server.secret import address_of, secret_of
from portal.sign_in.form import SignIn
from portal.sign_in.openid import sign_on_of
from portal.sign_in.people import Sessions, users_of
from portal.tower.router import router as tower
from portal.tower.services import Actions, RawRecord, TowerServices, targets_of
from portal.tracking.documents import Documents
from portal.tracking.news import News
from portal.tracking.recipient_links import RecipientLinks
from portal.tracking.router import TrackingServices
from portal.tracking.router import router as tracking
from portal.tracking.tokens import Tokens
from streams.kernel.errors import Fatal

GROUP = "shipsync-portal"
BACKLOG = 1024


class OnKafka:
    """Reads raw records for the tower's pages."""

    def __init__(self, records: RecordReader) -> None:
        self._records = records

    def record(self, topic: str, partition: int, offset: int) -> RawRecord | None:
        """The record at this place; None where it is no longer kept. Raises Transient."""
        found = self._records.read(topic, partition, offset)
        return None if found is None else RawRecord(found.value)


def application(settings: Settings, actions: Actions, *, with_stage_kill: bool = False) -> FastAPI:
    """Pages and API of an installation. ``actions``: takes those of the pages; ``with_stage_kill``: those of an
    embedded stack, whose supervisor takes requests. Raises SettingsError, Fatal."""
    store, records = ReadStore(settings.state.data_dir / files.FOLDER), RecordReader(settings, GROUP)
    secret = secret_of(settings)
    documents = Documents(
        store_of(settings), DocumentLinks(secret), settings.documents.link_hours * 3600, settings.documents.max_bytes,
        address_of(settings),
    )
    services = PortalServices(settings, store, records, decisions=actions, documents=documents)
    entry = SignIn(
        users_of(settings.portal.users), Sessions(secret), settings.process.host in HERE,
        sign_on_of(settings.sign_on, secret),
    )
    kills = KillFolder(settings.state.data_dir) if with_stage_kill else None
    pages = TowerServices(
        store, actions, OnKafka(records), entry.person, services.changes, now_ms, targets_of(settings.portal),
        SavedFilters(settings.state.data_dir), kills=kills,
        outbox=OutboxFolder(settings.state.data_dir) if with_stage_kill else None, documents=documents,
    )
    tracked = TrackingServices(
        store, Tokens(secret, settings.portal.tracking_days), now_ms, settings.portal.brands, _news(settings, secret),
        documents,
    )
    return build(services, extra_routers=[
        tower(pages), tracking(tracked), entry.router(), static_files.router(), _home()
    ])


def serve(settings: Settings, actions: Actions, *, with_stage_kill: bool = False) -> None:
    """Serve until told to end. ``actions`` and ``with_stage_kill`` as of :func:`application`. Raises Fatal,
    SettingsError."""
    with _listening(settings) as listener:
        server = uvicorn.Server(uvicorn.Config(
            application(settings, actions, with_stage_kill=with_stage_kill), ws="none", log_config=None,
            access_log=False, proxy_headers=False, server_header=False, timeout_graceful_shutdown=1,
        ))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _no_more_than_that)
        server.run(sockets=[listener])


def _news(settings: Settings, secret: str) -> News | None:
    """For who wants to be told by e-mail, where e-mail is sent."""
    if not settings.mail.host:
        return None
    rate = settings.portal.opt_in_rate
    return News(
        RecipientLinks(secret), address_of(settings), SecretBox(settings).encrypt, ActionWriter(settings), Rates(rate),
        Rates(rate), settings.portal.opt_in_time_zone,
    )


def now_ms() -> int:
    """UTC milliseconds."""
    return time.time_ns() // 1_000_000


def _home() -> APIRouter:
    api = APIRouter(include_in_schema=False)

    @api.get("/")
    async def home() -> RedirectResponse:
        return RedirectResponse("/tower", 303)

    @api.get("/{rest:path}")
    async def other(request: Request, rest: str) -> Response:
        if rest.startswith("v1/") or "text/html" not in request.headers.get("accept", ""):
            raise HTTPException(404)
        return plain_page("There is no such page", "Check the address.", 404, (("/tower", "Control tower"),))

    return api


def _listening(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.process.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.process.host, settings.portal.port))
    except OSError as error:
        listener.close()
        raise Fatal(
            f"the portal cannot listen on {settings.process.host}:{settings.portal.port} ({error.strerror});"
            " set SHIPSYNC_PORTAL_PORT"
        ) from error
    listener.listen(BACKLOG)
    return listener


def _no_more_than_that(number: int, frame: object) -> None:
    """Ignore the signal that uvicorn raises again after it has shut down because of it."""
