"""Documents among dropped files: a PDF or a picture, named by its shipment's tracking number, is kept in the store, and
``shipment.documents.v1`` says where."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from config.settings import Settings
from config.topics import SHIPMENT_DOCUMENTS
from connectors.documents.keeping import Keeping
from connectors.documents.scanning import scanner_of
from connectors.documents.store import store_of
from connectors.drop.reading import NotReadable
from connectors.kafka.producer import Record
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.ids import digest, normalise_carrier, normalise_tracking_number, shipment_key
from streams.contracts.model import ShipmentDocument
from streams.kernel.vocabulary import DocumentKind, DocumentOrigin, DocumentStatus

SUFFIXES = frozenset({".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".gif"})
_NUMBER = re.compile(r"[A-Za-z0-9 -]{3,64}")


class Papers:
    """The store, the scanner and the registry of an installation, opened when a document comes first."""

    def __init__(self, settings: Settings, keeping: Keeping | None = None) -> None:
        """``keeping``: in place of the settings' store and scanner."""
        self._settings, self._keeping = settings, keeping
        self._codec: ValueCodec[ShipmentDocument] | None = None

    def record_of(self, carrier: str, file: Path, content: bytes, now_ms: int) -> Record:
        """Keep the content; returns its record of ``shipment.documents``. Raises NotReadable where the file's name has
        no tracking number and where the content is no document, Transient where store, scanner or registry do not
        answer, SettingsError."""
        number = tracking_number(file)
        kept = asyncio.run(self._kept_by().take(content))
        if kept.refused:
            raise NotReadable("no_document", kept.refused)
        slug = normalise_carrier(carrier)
        one = ShipmentDocument(
            digest("pushed document", slug, number, kept.document_id), slug, number, DocumentKind.PROOF_OF_DELIVERY,
            DocumentOrigin.PUSHED, DocumentStatus.STORED, now_ms, now_ms, kept.document_id, kept.media_type, kept.size,
            kept.store_key,
        )
        if self._codec is None:
            self._codec = ValueCodec(SHIPMENT_DOCUMENTS, ShipmentDocument, Registry(self._settings))
        return Record(SHIPMENT_DOCUMENTS.name, shipment_key(slug, number).encode(), self._codec.encode(one))

    @property
    def most_bytes(self) -> int:
        """The largest document that is taken."""
        return self._settings.documents.max_bytes

    def _kept_by(self) -> Keeping:
        if self._keeping is None:
            self._keeping = Keeping(
                store_of(self._settings), scanner_of(self._settings), self._settings.documents.max_bytes
            )
        return self._keeping


def is_document(file: Path) -> bool:
    """Whether a dropped file is a document by its name, and no message of the carrier."""
    return file.suffix.lower() in SUFFIXES


def tracking_number(file: Path) -> str:
    """The number before the first underscore or dot of the file's name. Raises NotReadable where there is none."""
    found = re.split(r"[_.]", file.name, maxsplit=1)[0].strip()
    if _NUMBER.fullmatch(found) is None:
        raise NotReadable("no_number", "name it by its shipment's tracking number: NUMBER.pdf or NUMBER_2.pdf")
    return normalise_tracking_number(found)
