"""Fetching against a real host: what is kept, what is refused, and in whose words."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import SecretStr

from config.settings import Settings
from connectors.carrier_api.credentials import CalledCarrier, called_carriers
from connectors.carriers import discover
from connectors.documents.keeping import Keeping
from connectors.documents.scanning import NoScanner
from connectors.documents.store import store_of
from connectors.outbound.documents.apis import CarrierApis
from connectors.outbound.documents.client import DocumentClient
from connectors.outbound.documents.fetcher import DocumentFetcher, ReadRecord
from streams.contracts.documents import InMessage, call_url, message_url
from streams.contracts.model import OutboundAttempt, OutboundRequest, ShipmentDocument
from streams.documents.fetches import message_of
from streams.documents.policy import GIVEN_UP
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import AttemptResult, DocumentKind, DocumentOrigin, DocumentStatus
from tests.fakes.proof_apis import LOGIN, ProofApi
from tests.support.document_inputs import NOW, OF_PDF, PAGE, PDF
from tests.support.served import served
from tests.support.waiting import PATIENCE

MOST = 4_096


def host() -> FastAPI:
    """A carrier's host."""
    app = FastAPI()

    @app.get("/pod")
    def pod(request: Request) -> Response:
        if request.headers.get("authorization") not in (None, "Bearer ours"):
            return Response(status_code=401)
        return Response(PDF, media_type="text/html")

    @app.get("/page")
    def page() -> Response:
        return Response(PAGE, media_type="application/pdf")

    @app.get("/large")
    def large() -> Response:
        return Response(PDF + bytes(MOST), media_type="application/pdf")

    @app.get("/gone")
    def gone() -> Response:
        return Response("no proof\nfor 77 \u202e", status_code=404)

    @app.get("/busy")
    def busy() -> Response:
        return Response(status_code=429, headers={"Retry-After": "120"})

    @app.get("/broken")
    def broken() -> Response:
        return Response("out of order", status_code=500)

    @app.get("/on")
    def on(request: Request) -> Response:
        return RedirectResponse(request.query_params["to"])

    @app.get("/closed")
    def closed(request: Request) -> Response:
        given = request.headers.get("authorization")
        return Response(PDF) if given == "Bearer ours" else Response("sign in", status_code=403)

    return app


class World:
    """A fetcher, and what it told Kafka."""

    def __init__(
        self, folder: Path, hosts: Mapping[str, frozenset[str]] | None = None, *, is_away: bool = False,
        record: ReadRecord = lambda *_: None, called: Sequence[CalledCarrier] = (),
    ) -> None:
        self.record, self.called = record, called
        self.folder, self.told, self.hosts, self.is_away = folder, list[ShipmentDocument](), hosts or {}, is_away

    def fetch(
        self, link: str, *, private: bool = True, later: int = 0, **headers: Mapping[str, str]
    ) -> OutboundAttempt:
        document = ShipmentDocument(
            "s-1", "north", "N100", DocumentKind.PROOF_OF_DELIVERY, DocumentOrigin.LINK, DocumentStatus.WAITING,
            NOW, NOW, link=link, life=1, event_id="e-1",
        )
        message = message_of(document)
        request = OutboundRequest(
            "msg_1", message.destination, message.owner, message.queue, message.kind, message.body, 1, NOW, NOW
        )
        return asyncio.run(self._attempt(request, private, NOW + later, headers))

    async def _attempt(
        self, request: OutboundRequest, private: bool, now: int, headers: Mapping[str, Mapping[str, str]]
    ) -> OutboundAttempt:
        async def tell(one: ShipmentDocument) -> None:
            if self.is_away:
                raise Transient("Kafka is away")
            self.told.append(one)

        client = DocumentClient(PATIENCE, MOST, lambda: now, private=private, headers=headers)
        apis = CarrierApis(self.called, MOST, 1, lambda: now)
        store = store_of(Settings(documents_store=str(self.folder)))
        try:
            keeping = Keeping(store, NoScanner(), MOST)
            return await DocumentFetcher(
                client, keeping, tell, self.hosts, apis, lambda: now, self.record
            ).attempt(request)
        finally:
            await client.close()
            await apis.close()


def test_a_document_is_kept_and_told_whatever_the_host_calls_it(tmp_path: Path) -> None:
    world = World(tmp_path)
    with served(host()) as url:
        attempt = world.fetch(f"{url}/pod")
    assert attempt.result is AttemptResult.ACCEPTED
    [one] = world.told
    assert (one.source_id, one.status, one.media_type, one.life, one.event_id) == (
        "s-1", DocumentStatus.STORED, "application/pdf", 1, "e-1")
    assert (tmp_path / one.store_key).read_bytes() == PDF


@pytest.mark.parametrize(("path", "result", "detail"), [
    ("page", AttemptResult.REFUSED, "its content is text/html; PDF, PNG, JPG, TIF, GIF are taken"),
    ("large", AttemptResult.REFUSED, "it has more than 4096 bytes"),
    ("gone", AttemptResult.REFUSED, "404 Not Found: no proof for 77"),
    ("closed", AttemptResult.REFUSED, "403 Forbidden: sign in"),
    ("busy", AttemptResult.LIMITED, "429 Too Many Requests"),
    ("broken", AttemptResult.UNAVAILABLE, "500 Internal Server Error: out of order"),
    ("on?to=http://elsewhere.example/pod", AttemptResult.REFUSED,
     "it leads on to elsewhere.example, which the carrier's document_hosts do not name"),
    ("on?to=/on?to=/on", AttemptResult.UNAVAILABLE, "500 Internal Server Error: Internal Server Error"),
])
def test_what_is_no_document_is_refused_and_nothing_of_it_kept(
    tmp_path: Path, path: str, result: AttemptResult, detail: str
) -> None:
    world = World(tmp_path)
    with served(host()) as url:
        attempt = world.fetch(f"{url}/{path}")
    assert (attempt.result, attempt.detail, world.told) == (result, detail, [])
    assert not list(tmp_path.rglob("documents/*"))
    assert (attempt.retry_at is not None) == (path == "busy")


def test_a_link_leads_on_within_its_host_and_to_hosts_the_carrier_declares(tmp_path: Path) -> None:
    with served(host()) as url:
        port = url.rpartition(":")[2]
        other = f"{url}/on?to=http://localhost:{port}/pod"
        assert World(tmp_path).fetch(f"{url}/on?to=/pod").result is AttemptResult.ACCEPTED
        assert World(tmp_path).fetch(other).result is AttemptResult.REFUSED
        declared = World(tmp_path, {"north": frozenset({"localhost"})})
        assert declared.fetch(other).result is AttemptResult.ACCEPTED
        assert World(tmp_path, {"south": frozenset({"localhost"})}).fetch(other).result is AttemptResult.REFUSED


def test_credentials_go_to_their_host_alone(tmp_path: Path) -> None:
    ours = {"authorization": "Bearer ours"}
    with served(host()) as url:
        port = url.rpartition(":")[2]
        world = World(tmp_path, {"north": frozenset({"localhost"})})
        assert world.fetch(f"{url}/closed", **{"127.0.0.1": ours}).result is AttemptResult.ACCEPTED
        led_on = f"{url}/on?to=http://localhost:{port}/closed"
        assert world.fetch(led_on, **{"127.0.0.1": ours}).result is AttemptResult.REFUSED


@pytest.mark.parametrize("link", ["http://pod.example.com/1", "https://127.0.0.1/1", "https://[::1]/1",
                                  "https://169.254.169.254/latest/meta-data"])
def test_links_into_our_own_network_are_refused_and_not_asked(tmp_path: Path, link: str) -> None:
    attempt = World(tmp_path).fetch(link, private=False)
    assert attempt.result is AttemptResult.REFUSED


def test_a_document_is_taken_out_of_the_carriers_message(tmp_path: Path) -> None:
    message = f'{{"image": "{base64.b64encode(PDF).decode()}"}}'.encode()
    link = message_url(InMessage("raw.north.v1", 2, 7, OF_PDF))
    world = World(tmp_path, record=lambda *place: message if place == ("raw.north.v1", 2, 7) else None)
    assert world.fetch(link, private=False).result is AttemptResult.ACCEPTED
    [one] = world.told
    assert (one.document_id, one.origin) == (OF_PDF, DocumentOrigin.MESSAGE)
    gone = World(tmp_path).fetch(link, private=False)
    assert (gone.result, gone.detail) == (AttemptResult.REFUSED, "the message is no longer kept")


def test_what_a_carriers_api_gives_is_judged_and_kept_as_any_document(tmp_path: Path) -> None:
    api = ProofApi()
    with served(api.app) as url:
        ours = SecretStr(json.dumps({"mydhl": {**LOGIN, "base_url": url}}))
        world = World(tmp_path, called=called_carriers(discover(), ours))
        missing = world.fetch(call_url("mydhl"))
        assert (missing.result, missing.code) == (AttemptResult.REFUSED, 404)
        api.proofs["N100"] = PAGE
        page = world.fetch(call_url("mydhl"))
        assert (page.result, "text/html" in page.detail, world.told) == (AttemptResult.REFUSED, True, [])
        api.proofs["N100"] = PDF
        assert world.fetch(call_url("mydhl")).result is AttemptResult.ACCEPTED
    [one] = world.told
    assert (one.document_id, one.origin, one.link) == (OF_PDF, DocumentOrigin.ASKED, "urn:shipsync:document-call:mydhl")
    assert (tmp_path / one.store_key).read_bytes() == PDF


def test_where_kafka_is_away_the_document_is_fetched_again(tmp_path: Path) -> None:
    with served(host()) as url:
        attempt = World(tmp_path, is_away=True).fetch(f"{url}/pod")
    assert (attempt.result, attempt.detail) == (AttemptResult.UNAVAILABLE, "Kafka is away")


def test_a_host_that_never_answers_is_given_up(tmp_path: Path) -> None:
    attempt = World(tmp_path).fetch("http://127.0.0.1:1/pod", later=GIVEN_UP + 1)
    assert attempt.result is AttemptResult.REFUSED
    assert attempt.detail.startswith("given up after 14 days: no connection to 127.0.0.1")
