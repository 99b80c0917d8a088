"""A document by its link: a file that a browser does nothing with, for a limited time, of one's own delivery alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from connectors.documents.links import DocumentLinks, Linked
from portal.tracking.tokens import Subject
from streams.documents.content import store_key
from tests.support.document_inputs import OF_PDF, PAGE, PDF
from tests.support.kept_documents import SECONDS, SECRET, documents_in
from tests.support.portal_world import Portal, portal
from tests.support.read_model_world import ACME, MINUTE, NOON, OTHER, fill

DELIVERED = "1Z999AA10123456785"
NOW = (NOON + MINUTE // 2) / 1000


@pytest.fixture
def pages(tmp_path: Path) -> Portal:
    fill(tmp_path / "read-model")
    return portal(tmp_path / "read-model")


def link(document_id: str = OF_PDF, number: str = DELIVERED, seconds: float = SECONDS) -> str:
    return DocumentLinks(SECRET, lambda: NOW).to(Linked(document_id, "ups", number), seconds)


def test_the_document_comes_as_a_file_that_a_browser_does_nothing_with(pages: Portal) -> None:
    answer = TestClient(pages.app).get(link())
    assert (answer.status_code, answer.content) == (200, PDF)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'attachment; filename="ups-{DELIVERED}-{OF_PDF[:8]}.pdf"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert "no-store" in answer.headers["cache-control"]


@pytest.mark.parametrize(("path", "status"), [
    (link(seconds=-1), 410), (link("5e" * 32), 404), (f"{link()}x", 404), ("/d/x", 404), ("/d/" + "x" * 2_000, 404),
    (DocumentLinks("another secret", lambda: NOW).to(Linked(OF_PDF, "ups", DELIVERED), SECONDS), 404),
])
def test_a_link_that_is_not_good_leads_to_a_page_that_says_so(pages: Portal, path: str, status: int) -> None:
    answer = TestClient(pages.app).get(path, headers={"accept-language": "de"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert 'lang="de"' in answer.text


def test_what_is_no_document_is_never_shown_though_the_store_has_it(pages: Portal, tmp_path: Path) -> None:
    store = documents_in(tmp_path / "documents").store
    asyncio.run(store.put(store_key("5e" * 32), PAGE))
    asyncio.run(store.put(store_key("6f" * 32), PDF))
    for content in ("5e" * 32, "6f" * 32):
        assert TestClient(pages.app).get(link(content)).status_code == 404


def test_a_number_makes_no_header(pages: Portal) -> None:
    answer = TestClient(pages.app).get(link(number='1"\r\nX: y/é'))
    assert answer.headers["content-disposition"] == f'attachment; filename="ups-1---X--y---{OF_PDF[:8]}.pdf"'


def test_the_tracking_page_links_to_the_documents_of_its_own_delivery(pages: Portal) -> None:
    client = TestClient(pages.app)
    page = client.get(f"/t/{pages.tokens.made(Subject('order', 'SO-1', ACME))}", headers={"accept-language": "en"}).text
    assert "Open the document (PDF)" in page
    path = page.split('href="/d/')[1].split('"')[0]
    assert client.get(f"/d/{path}").content == PDF
    other = client.get(f"/t/{pages.tokens.made(Subject('order', 'SO-2', OTHER))}").text
    assert "/d/" not in other


def test_the_shipments_page_shows_what_is_stored_and_what_was_refused(pages: Portal) -> None:
    page = TestClient(pages.app).get(f"/tower/shipments/ups:{DELIVERED}").text
    assert 'href="/d/' in page
    assert "refused" in page
    assert "4 attempts" in page


def test_the_orders_page_shows_the_documents_of_its_own_deliveries(pages: Portal) -> None:
    client = TestClient(pages.app)
    page = client.get("/tower/orders/SO-1").text
    assert ">Documents</h4>" in page
    assert client.get("/d/" + page.split('href="/d/')[1].split('"')[0]).content == PDF
    assert "ocuments</h" not in client.get("/tower/orders/SO-2").text
