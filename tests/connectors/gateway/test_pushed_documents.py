"""Documents as the gateway takes them: judged by content, kept, told on the topic."""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from config import topics
from connectors.kafka.log_writer import NotWritten
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import ShipmentDocument
from streams.kernel.vocabulary import DocumentKind, DocumentOrigin, DocumentStatus
from tests.support.document_inputs import PAGE, PDF
from tests.support.gateway import NOW, Gateway, gateway
from tests.support.registry import fake_registry

KEY = {"Authorization": "Bearer secret"}
OF_IT = {"carrier": "ACME", "tracking_number": "ac 123456"}
DOCUMENTS = ValueCodec(topics.SHIPMENT_DOCUMENTS, ShipmentDocument, fake_registry())


def opened(tmp_path: Path, **settings: Any) -> Gateway:
    home = tmp_path / "carriers"
    home.mkdir()
    return gateway(home, api_keys={"documents": "secret"}, documents_store=str(tmp_path / "kept"), **settings)


def sent(to: Gateway, body: bytes = PDF, media_type: str = "application/pdf", **query: str) -> Any:
    headers = {**KEY, "Content-Type": media_type}
    return to.client.post("/v1/documents", content=body, params={**OF_IT, **query}, headers=headers)


def test_a_document_is_kept_and_told_under_its_shipment(tmp_path: Path) -> None:
    to = opened(tmp_path)
    response = sent(to, media_type="application/octet-stream")
    document_id = sha256(PDF).hexdigest()
    assert response.status_code == 202
    assert response.json() == {
        "key": "acme:AC123456", "document_id": document_id, "media_type": "application/pdf", "size": len(PDF),
        "topic": topics.SHIPMENT_DOCUMENTS.name, "partition": 0, "offset": 0,
    }
    [record] = to.log.records
    one = DOCUMENTS.decode(record.value)
    assert (record.key, one.kind, one.origin, one.status, one.first_at) == (
        b"acme:AC123456", DocumentKind.PROOF_OF_DELIVERY, DocumentOrigin.PUSHED, DocumentStatus.STORED, int(NOW * 1000))
    assert (tmp_path / "kept" / one.store_key).read_bytes() == PDF


def test_the_same_document_again_is_the_same_and_of_another_shipment_another(tmp_path: Path) -> None:
    to = opened(tmp_path)
    for query in ({}, {}, {"tracking_number": "AC9"}):
        assert sent(to, **query).status_code == 202
    sources = [DOCUMENTS.decode(one.value).source_id for one in to.log.records]
    assert len(set(sources)) == 2
    assert sources[0] == sources[1]


@pytest.mark.parametrize(("body", "media_type", "query", "status", "code", "words"), [
    (PAGE, "application/pdf", {}, 422, "no_document", "its content is text/html"),
    (b"%PDF-1.4", "application/pdf", {}, 422, "no_document", "without its end"),
    (PDF, "text/html", {}, 415, "unsupported_media_type", "text/html is not taken here"),
    (PDF, "application/pdf", {"kind": "selfie"}, 422, "invalid", "/kind"),
    (PDF, "application/pdf", {"carrier": " "}, 422, "invalid", "/carrier"),
    (PDF, "application/pdf", {"number": "1"}, 422, "invalid", "/number"),
    (b"", "application/pdf", {}, 400, "empty", "the body is empty"),
    (PDF + bytes(5_000), "application/pdf", {}, 413, "too_large", "more than 4096 bytes"),
])
def test_what_cannot_be_taken_is_refused_with_the_reason(
    tmp_path: Path, body: bytes, media_type: str, query: dict[str, str], status: int, code: str, words: str
) -> None:
    to = opened(tmp_path, documents_max_bytes=4_096)
    response = sent(to, body, media_type, **query)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert words in response.text
    assert to.log.records == []


def test_without_a_key_nothing_is_taken(tmp_path: Path) -> None:
    to = opened(tmp_path)
    assert to.client.post("/v1/documents", content=PDF).status_code == 401


def test_a_virus_is_refused_and_a_scanner_that_is_away_asked_again(tmp_path: Path) -> None:
    to = opened(tmp_path, documents_scan=f"{sys.executable} -c 'import sys; print(7); sys.exit(1)'")
    response = sent(to)
    assert (response.status_code, response.json()["detail"]) == (422, "the virus scanner refused it: 7")
    other = tmp_path / "other"
    other.mkdir()
    away = sent(opened(other, documents_scan="/no/such/scanner"))
    assert (away.status_code, away.json()["code"]) == (503, "unavailable")
    assert "retry-after" in away.headers


def test_nothing_is_answered_before_kafka_has_it(tmp_path: Path) -> None:
    to = opened(tmp_path)
    to.log.away = NotWritten("no broker")
    assert sent(to).status_code == 503
    to.log.away = None
    assert sent(to).status_code == 202
