"""Builds the gateway's application: endpoints, errors, OpenAPI description."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI

from config import topics
from config.version import VERSION
from connectors.documents.keeping import Keeping
from connectors.gateway import (
    alert_actions,
    carriers,
    documents,
    health,
    masterdata,
    openapi,
    problems,
    pushed_documents,
)
from connectors.gateway.alert_actions import ActionDocument
from connectors.gateway.confirmations import CONFIRMATIONS, ConfirmationDocument
from connectors.gateway.deliveries import DELIVERIES, DeliveryDocument
from connectors.gateway.masterdata import MasterDocument
from connectors.gateway.orders import ORDERS, OrderDocument
from connectors.gateway.peers import Forwarded
from connectors.gateway.services import Services
from connectors.gateway.tracing import Traced
from connectors.kafka.registry import Registry
from connectors.kafka.topic_reader import latest
from connectors.mapping.loading import Carrier
from streams.contracts.model import MasterRecord

DESCRIPTION = (
    "Where carriers, the ERP and the warehouse push, and people act on alerts. A 2xx means that Kafka has it, on every"
    " in-sync replica; anything else means: send it again. Errors are problem details (RFC 9457)."
)
TAGS = {
    "carriers": "Carriers' messages, as they are", "orders": "Orders of the ERP",
    "wms": "What the warehouse picked, packed and shipped", "alerts": "People act on alerts",
    "masterdata": "Carriers, customers, references and links, as people entered them",
    "documents": "Proofs of delivery and other papers of shipments",
    "operation": "Is it there, and does it take messages?",
}
KEY = {"key": {"type": "http", "scheme": "bearer", "description": "A key of SHIPSYNC_API_KEYS"}}


def build(
    known: Sequence[Carrier], registry: Registry, services: Services, master: masterdata.CurrentRecords | None = None,
    keeping: Keeping | None = None,
) -> FastAPI:
    """The ASGI application. ``master``: reads master data, in place of its topic; ``keeping``: keeps documents. Raises
    SettingsError for secrets that cannot be used."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await services.stored_responses.close()
        services.writer.close()

    app = FastAPI(
        title="ShipSync gateway", version=VERSION, description=DESCRIPTION, lifespan=lifespan, docs_url=None,
        redoc_url=None, redirect_slashes=False, license_info={"name": "Apache 2.0", "identifier": "Apache-2.0"},
        openapi_tags=[{"name": name, "description": text} for name, text in TAGS.items()],
    )
    app.openapi_version = "3.1.0"
    app.include_router(carriers.router(known, services))
    codecs = documents.Codecs(registry)
    app.include_router(documents.router(ORDERS, codecs, services))
    app.include_router(documents.router(DELIVERIES, codecs, services))
    app.include_router(documents.router(CONFIRMATIONS, codecs, services))
    app.include_router(alert_actions.router(codecs, services))
    app.include_router(masterdata.router(
        codecs, services, master or (lambda: latest(services.settings, registry, topics.MASTER_DATA, MasterRecord))
    ))
    app.include_router(pushed_documents.router(codecs, services, keeping))
    written = (
        topics.ERP_ORDERS, topics.DELIVERY_RELEASES, topics.WMS_CONFIRMATIONS, topics.ALERT_ACTIONS,
        topics.MASTER_DATA, topics.AUDIT_ACTIONS, topics.SHIPMENT_DOCUMENTS,
    )
    wanted = frozenset({*(topics.raw(one.feed).name for one in known), *(topic.name for topic in written)})
    app.include_router(health.router(wanted, services))
    problems.install(app)
    openapi.complete(app, [OrderDocument, DeliveryDocument, ConfirmationDocument, ActionDocument, MasterDocument], KEY)
    app.add_middleware(Forwarded, trusted=services.settings.gateway.trusted_proxies)
    app.add_middleware(Traced)
    return app
