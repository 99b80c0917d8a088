"""``/v1/stream`` over real HTTP: ids, what was missed, customers, ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from portal.api import stream
from portal.api.event_stream import EventStream
from portal.live.changes import Changes
from streams.contracts.model import OrderState
from streams.kernel.vocabulary import Status
from tests.support.portal import ALL, LEAST, OF_ACME, Portal, portal
from tests.support.read_model_world import ACME, NOON, OTHER, fill, link, shipment
from tests.support.served import served
from tests.support.waiting import PATIENCE


@pytest.fixture
def one(tmp_path: Path) -> Portal:
    made = portal(tmp_path)
    made.services.changes = Changes(made.services.store, 0.01)
    return made


def order(number: str, customer: str) -> tuple[str, OrderState]:
    return number, OrderState(number, customer, "open", None, NOON, "v1", [])


def claimed(number: str, *customers: str) -> tuple[str, Any]:
    orders = [link(f"SO-{customer}", customer) for customer in customers]
    return f"ups:{number}", shipment(number, Status.IN_TRANSIT, NOON, orders=orders)


def events(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    """The events of a stream, comments left out."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields |= {name: value} if name else {}
        else:
            if "data" in fields:
                yield fields
            fields = {}


def until(url: str, key: str, last: int, end: str, query: str = "") -> list[dict[str, str]]:
    """The events after the id ``last``, up to the one about the key ``end``."""
    found = []
    headers = {"Authorization": f"Bearer {key}", "Last-Event-ID": str(last)}
    with httpx.stream("GET", f"{url}/v1/stream{query}", headers=headers, timeout=PATIENCE) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        for told in events(response.iter_lines()):
            found.append(told)
            if json.loads(told["data"]).get("key") == end or told["event"] == "reset":
                return found
    return found


def test_each_hears_of_what_it_may_and_in_order(one: Portal) -> None:
    last = one.services.store.last_change()
    fill(one.folder, [
        claimed("1", ACME), claimed("2", OTHER), order("SO-OTHER", OTHER), claimed("3", ACME, OTHER),
        order("SO-ACME", ACME),
    ])
    end = "SO-ACME"
    with served(one.client.app) as url:
        all_of_it = until(url, ALL, last, end)
        of_acme = until(url, OF_ACME, last, end)
        of_orders = until(url, ALL, last, end, "?what=order")
    assert [json.loads(told["data"])["key"] for told in all_of_it] == ["ups:1", "ups:2", "SO-OTHER", "ups:3", end]
    assert [int(told["id"]) for told in all_of_it] == list(range(last + 1, last + 6))
    assert [json.loads(told["data"])["key"] for told in of_acme] == ["ups:1", "ups:3", end]
    assert json.dumps(of_acme).count(OTHER) == 0
    assert [told["event"] for told in of_orders] == ["order", "order"]
    assert json.loads(of_acme[0]["data"]) == {"what": "shipment", "key": "ups:1", "at": "2026-09-21T14:13:20.000Z"}


def test_a_change_reaches_an_open_stream_and_it_goes_on_where_it_broke(one: Portal) -> None:
    with served(one.client.app) as url:
        last = one.services.store.last_change()
        with httpx.stream(
            "GET", f"{url}/v1/stream", headers={"Authorization": f"Bearer {ALL}"}, timeout=PATIENCE
        ) as response:
            lines = response.iter_lines()
            assert next(lines) == ": changes of ShipSync"
            fill(one.folder, [claimed("1", ACME)])
            assert int(next(events(lines))["id"]) == last + 1
        fill(one.folder, [claimed("2", ACME)])
        [told] = until(url, ALL, last + 1, "ups:2")
    assert int(told["id"]) == last + 2


def test_what_is_kept_no_longer_is_said_and_the_stream_ends(one: Portal) -> None:
    with served(one.client.app) as url:
        [told] = until(url, ALL, 7, "")
    assert (told["event"], told["id"]) == ("reset", str(one.services.store.last_change()))


@pytest.mark.parametrize(("key", "query", "headers", "status"), [
    (LEAST, "?what=shipment", {}, 403), (OF_ACME, "?what=alert", {}, 403), (ALL, "?what=parcel", {}, 422),
    (ALL, "?colour=red", {}, 422), (ALL, "", {"Last-Event-ID": "x"}, 422), (ALL, "", {"Last-Event-ID": "²"}, 422),
    ("nobodys", "", {}, 401),
])
def test_a_wrong_request_is_refused_before_the_stream_begins(
    one: Portal, key: str, query: str, headers: dict[str, str], status: int
) -> None:
    sent = {name: value.encode() for name, value in {"Authorization": f"Bearer {key}", **headers}.items()}
    assert one.client.get(f"/v1/stream{query}", headers=sent).status_code == status


def test_a_client_has_a_most_of_streams(one: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MOST_OF_A_CLIENT", 0)
    response = one.get("/v1/stream")
    assert (response.status_code, response.json()["code"]) == (429, "too_many_streams")


def test_where_nothing_changes_a_comment_comes_and_the_stream_ends_with_its_key(one: Portal) -> None:
    [client] = [client for client in one.services.clients if client.name == "all"]
    brief = type(client)(client.name, client.digest, client.scopes, None, one.clock[0] + 60)

    async def follow() -> None:
        told = stream._events(one.services, brief, frozenset({"shipment"}), None, 0.01)
        async with asyncio.timeout(PATIENCE):
            first = [await anext(told) for _ in range(3)]
            assert first[1:] == [b": on\n\n"] * 2
            one.clock[0] += 60
            assert [page async for page in told] == []
        await one.services.changes.close()

    asyncio.run(follow())


def test_a_reader_who_takes_nothing_is_let_go() -> None:
    closed = []

    async def endless() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b": on\n\n"
        finally:
            closed.append(True)

    async def no_body(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    async def respond() -> None:
        async with asyncio.timeout(PATIENCE):
            await EventStream(endless(), send_seconds=0.01)({"type": "http"}, receive, no_body)

    asyncio.run(respond())
    assert closed == [True]
