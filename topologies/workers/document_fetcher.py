"""The fetcher of documents: makes the attempts that ``document.requests.v1`` asks for, keeps what they bring, and
writes where it lies to ``shipment.documents.v1`` and how each attempt ended to ``document.attempts.v1``.

A request is done once its attempt is on Kafka. If the process dies before that is known, the document is fetched again
and kept under the same hash.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping

from config import apps, topics
from config.setting_group import SettingsError
from config.settings import Settings
from connectors.carrier_api.credentials import called_carriers
from connectors.carriers import Carrier, enabled_carriers
from connectors.documents import metrics
from connectors.documents.keeping import Keeping
from connectors.documents.scanning import scanner_of
from connectors.documents.store import store_of
from connectors.kafka.log_writer import KafkaWriter, NotWritten
from connectors.kafka.producer import Record
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.stored_record import RecordReader
from connectors.outbound.documents.apis import CarrierApis
from connectors.outbound.documents.client import DocumentClient
from connectors.outbound.documents.fetcher import DocumentFetcher
from connectors.outbound.sender import now_ms
from streams.contracts.ids import shipment_key
from streams.contracts.model import ShipmentDocument
from streams.kernel.errors import Transient
from topologies.runtime.outbound.outbound_sender import (
    ACK_SECONDS,
    Gauges,
    Requests,
    SenderKind,
    connections,
    run_until_told,
)
from topologies.runtime.watching.health import Health

GROUP = "shipsync-document-fetcher"
CREDENTIALS = "SHIPSYNC_DOCUMENTS_CREDENTIALS"
KIND = SenderKind(
    apps.App(apps.DOCUMENTS.name, GROUP, None, topics.DLQ_DOCUMENTS), topics.DOCUMENT_REQUESTS,
    topics.DOCUMENT_ATTEMPTS,
    Gauges(metrics.IN_FLIGHT, metrics.BEHIND, metrics.UNREADABLE, metrics.UNWRITTEN, metrics.READY),
)
"""Its dead letters lie beside those of the stage."""


def run(settings: Settings, health: Health | None = None) -> int:
    """Fetch until SIGTERM or SIGINT; the exit code. Raises SettingsError for a store, a scanner or credentials that
    cannot be used, Fatal or Transient where it cannot begin or go on."""
    run_until_told(settings, lambda: Fetching(settings), health or Health())
    return 0


class Fetching:
    """One fetcher and what it needs."""

    def __init__(self, settings: Settings) -> None:
        """Raises SettingsError."""
        self._settings = settings
        self._keeping = Keeping(store_of(settings), scanner_of(settings), settings.documents.max_bytes)
        self._headers = headers_of(settings)
        carriers = enabled_carriers(settings.intake)
        self._hosts = hosts_of(carriers)
        self._called = called_carriers(carriers, settings.documents.api_credentials)
        self._requests = Requests(KIND, settings, connections(settings.documents.in_flight))

    def missing(self) -> str | None:
        """Tells what keeps it from fetching, in words."""
        return self._requests.missing()

    async def run(self, stopping: asyncio.Event) -> None:
        """Fetch until told to stop. Raises Transient where the registry does not answer at the start."""
        registry = await asyncio.to_thread(Registry, self._settings)
        codec = await asyncio.to_thread(ValueCodec, topics.SHIPMENT_DOCUMENTS, ShipmentDocument, registry)
        writer = KafkaWriter(self._settings, ACK_SECONDS)

        async def tell(document: ShipmentDocument) -> None:
            key = shipment_key(document.carrier, document.tracking_number).encode()
            try:
                await writer.write(Record(topics.SHIPMENT_DOCUMENTS.name, key, codec.encode(document)))
            except NotWritten as error:
                raise Transient(f"Kafka did not take where the document lies: {error.detail}") from error

        given = self._settings.documents
        client = DocumentClient(
            given.timeout, given.max_bytes, now_ms, private=self._settings.outbound.private_addresses,
            headers=self._headers,
        )
        apis = CarrierApis(self._called, given.max_bytes, given.in_flight, now_ms)
        records = RecordReader(self._settings, GROUP)

        def record(topic: str, partition: int, offset: int) -> bytes | None:
            found = records.read(topic, partition, offset)
            return None if found is None else found.value

        try:
            fetcher = DocumentFetcher(client, self._keeping, tell, self._hosts, apis, record=record)
            await self._requests.make(fetcher, registry, stopping)
        finally:
            await client.close()
            await apis.close()
            await asyncio.to_thread(records.close)
            await asyncio.to_thread(writer.close)


def hosts_of(carriers: Iterable[Carrier]) -> dict[str, frozenset[str]]:
    """The hosts that links of each carrier may lead on to, by its slug."""
    found: dict[str, frozenset[str]] = {}
    for one in carriers:
        if one.slug is not None:
            found[one.slug] = found.get(one.slug, frozenset()) | frozenset(one.document_hosts)
    return found


def headers_of(settings: Settings) -> Mapping[str, Mapping[str, str]]:
    """Headers with our credentials, by host. Raises SettingsError, without a word of them."""
    secret = settings.documents.credentials
    if secret is None:
        return {}
    try:
        found = json.loads(secret.get_secret_value())
    except ValueError:
        found = None
    is_right = isinstance(found, dict) and all(
        isinstance(headers, dict) and all(isinstance(one, str) for one in headers.values())
        for headers in found.values()
    )
    if not isinstance(found, dict) or not is_right:
        raise SettingsError(f'{CREDENTIALS} is to be JSON: {{"HOST": {{"HEADER": "VALUE"}}}}')
    return {host.lower(): headers for host, headers in found.items()}
