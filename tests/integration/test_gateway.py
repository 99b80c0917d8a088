"""The gateway as a process, over real HTTP, with a broker that dies: a 2xx is a record in the log."""

from __future__ import annotations

import hashlib
import hmac
import json
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from config import headers, topics
from config.settings import Settings
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import Order
from tests.support.topics import read_all
from tests.support.waiting import PATIENCE, eventually
from topologies.local_stack.child_process import State
from topologies.local_stack.stack import Stack, on_free_ports

pytestmark = pytest.mark.broker
FEED = "easypost"
SECRET = "a secret"
BODY = json.dumps({"description": "tracker.updated", "result": {}}).encode()
JSON = {"Content-Type": "application/json"}
KEYS = {"orders": "k-erp", "wms": "k-wms"}
ORDER = {"order_id": "SO-1", "customer_id": "C-1", "status": "open", "updated_at": "2026-09-14T10:00:00Z"}


def settings(folder: Path, **more: Any) -> Settings:
    return on_free_ports(Settings(
        _env_file=None, data_dir=folder, partitions=1, gateway_ack_timeout=1.5, max_record_bytes=64 * 1024,
        push_secrets=json.dumps({FEED: SECRET}), api_keys=json.dumps(KEYS), **more,
    ))


def signed(body: bytes) -> dict[str, str]:
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {**JSON, "X-Hmac-Signature": f"hmac-sha256-hex={digest}"}


def client(stack: Stack) -> httpx.Client:
    return httpx.Client(base_url=f"http://127.0.0.1:{stack.settings.gateway.port}", timeout=PATIENCE)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Broker, Valkey, registry and gateway."""
    with Stack(settings(tmp_path_factory.mktemp("gateway"), gateway_rate=500), stages=["gateway"]) as started:
        yield started


@pytest.fixture
def http(stack: Stack) -> Iterator[httpx.Client]:
    with client(stack) as opened:
        yield opened


def in_hand(http: httpx.Client) -> bool:
    """Whether a push is being taken just now."""
    return "\nshipsync_gateway_requests_in_hand 1.0" in httpx.get(f"{http.base_url}/metrics", timeout=PATIENCE).text


def raw(stack: Stack, feed: str = FEED) -> dict[str, Any]:
    """The records of a feed's raw topic, by correlation id."""
    found = {}
    for record in read_all(stack.settings.kafka.bootstrap, topics.raw(feed).name):
        told = {name: value.decode() for name, value in record.headers() or []}
        found[told[headers.CORRELATION_ID]] = (record, told)
    return found


def test_what_is_answered_2xx_lies_where_the_answer_says(stack: Stack, http: httpx.Client) -> None:
    before = int(time.time() * 1000)
    answer = http.post(f"/v1/carriers/{FEED}/events", content=BODY, headers=signed(BODY))
    assert answer.status_code == 200, answer.text
    told = answer.json()
    record, attached = raw(stack)[told["correlation_id"]]
    assert (record.topic(), record.partition(), record.offset()) == (told["topic"], told["partition"], told["offset"])
    assert record.value() == BODY
    assert (attached[headers.FEED], attached[headers.CHANNEL]) == (FEED, "webhook")
    assert attached[headers.CONTENT_TYPE] == "application/json"
    assert before <= int(attached[headers.RECEIVED_AT]) <= time.time() * 1000


@pytest.mark.parametrize(
    ("path", "given", "body", "status"),
    [
        (f"/v1/carriers/{FEED}/events", signed(BODY + b" "), BODY, 401),
        (f"/v1/carriers/{FEED}/events", JSON, BODY, 401),
        ("/v1/carriers/nobody/events", JSON, BODY, 404),
        (f"/v1/carriers/{FEED}/events", {**signed(BODY), "Content-Type": "text/plain"}, BODY, 415),
        (f"/v1/carriers/{FEED}/events", signed(b""), b" " * (64 * 1024 + 1), 413),
        (f"/v1/carriers/{FEED}/events", signed(b""), b"", 400),
        ("/v1/orders", {**JSON, "Authorization": "Bearer k-wms"}, BODY, 401),
        ("/v1/orders", {**JSON, "Authorization": "Bearer k-erp"}, BODY, 422),
    ],
)
def test_what_is_refused_is_a_problem_and_not_in_the_log(
    stack: Stack, http: httpx.Client, path: str, given: dict[str, str], body: bytes, status: int
) -> None:
    before = len(raw(stack))
    answer = http.post(path, content=body, headers=given)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert len(raw(stack)) == before


def test_a_body_without_a_length_is_not_read_beyond_the_limit(http: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(100_000):
            yield b" " * 4096

    try:
        answer = http.post(f"/v1/carriers/{FEED}/events", content=endless(), headers=signed(b""))
    except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        return
    assert answer.status_code == 413


def test_an_order_is_read_back_with_the_contract_of_the_registry(stack: Stack, http: httpx.Client) -> None:
    given = {**JSON, "Authorization": "Bearer k-erp", "Idempotency-Key": "first"}
    answer = http.post("/v1/orders", json=[ORDER, {**ORDER, "order_id": "SO-2"}], headers=given)
    assert answer.status_code == 202, answer.text
    again = http.post("/v1/orders", json=[ORDER, {**ORDER, "order_id": "SO-2"}], headers=given)
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (answer.json(), "true")
    codec = ValueCodec(topics.ERP_ORDERS, Order, Registry(stack.settings))
    found = read_all(stack.settings.kafka.bootstrap, topics.ERP_ORDERS.name)
    assert sorted(codec.decode(record.value()).order_id for record in found) == ["SO-1", "SO-2"]


def test_more_than_the_rate_is_answered_429(http: httpx.Client) -> None:
    given = {**JSON, "Authorization": "Bearer k-wms"}
    answers = (http.post("/v1/wms/confirmations", content=b"{}", headers=given) for _ in range(5_000))
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.headers["RateLimit-Policy"] == '"wms";q=500;w=60'


def test_no_push_answered_2xx_is_lost_when_the_broker_stands_still(stack: Stack, http: httpx.Client) -> None:
    """The broker is stopped in its tracks (SIGSTOP) amid pushes, and goes on later with what it holds."""
    broker = stack.children[0].process
    assert broker is not None
    known = len(raw(stack))

    def push(number: int) -> httpx.Response:
        body = json.dumps({"number": number}).encode()
        return http.post(f"/v1/carriers/{FEED}/events", content=body, headers=signed(body))

    with ThreadPoolExecutor(8) as pushing:
        answers = list(pushing.map(push, range(40)))
        broker.send_signal(signal.SIGSTOP)
        try:
            answers += pushing.map(push, range(40, 56))
        finally:
            broker.send_signal(signal.SIGCONT)
        eventually(lambda: answers.append(push(56)) or answers[-1].status_code == 200)
        answers += pushing.map(push, range(56, 80))
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {200, 503}
    assert statuses[40:56] == [503] * 16
    assert statuses[-24:] == [200] * 24
    assert all(answer.headers["Retry-After"] == "2" for answer in answers if answer.status_code == 503)
    found = raw(stack)
    told = {answer.json()["correlation_id"] for answer in answers if answer.status_code == 200}
    assert len(told) == statuses.count(200)
    assert told <= found.keys()
    assert len(found) >= known + len(told)


def test_a_push_a_killed_gateway_had_in_hand_is_taken_when_it_comes_again(stack: Stack, http: httpx.Client) -> None:
    broker, gateway = stack.children[0].process, stack.children[-1]
    assert broker is not None
    assert gateway.process is not None
    body, given = b'{"number": "in hand"}', {"Idempotency-Key": "in hand"}
    done = signed(BODY) | {"Idempotency-Key": "done"}
    answered = http.post(f"/v1/carriers/{FEED}/events", content=BODY, headers=done)
    assert answered.status_code == 200
    with ThreadPoolExecutor(1) as pushing:
        broker.send_signal(signal.SIGSTOP)
        try:
            first = pushing.submit(
                http.post, f"/v1/carriers/{FEED}/events", content=body, headers=signed(body) | given
            )
            eventually(lambda: in_hand(http))
            gateway.process.kill()
            with pytest.raises(httpx.HTTPError):
                first.result()
        finally:
            broker.send_signal(signal.SIGCONT)
    eventually(lambda: stack.look() or gateway.state is State.WAITING)
    eventually(lambda: stack.look() or gateway.state is State.UP)
    with client(stack) as again:
        answer = again.post(f"/v1/carriers/{FEED}/events", content=body, headers=signed(body) | given)
        assert answer.status_code == 200
        assert "Idempotent-Replayed" not in answer.headers
        assert raw(stack)[answer.json()["correlation_id"]][0].value() == body
        repeat = again.post(f"/v1/carriers/{FEED}/events", content=BODY, headers=done)
        assert (repeat.json(), repeat.headers["Idempotent-Replayed"]) == (answered.json(), "true")


def test_a_gateway_whose_broker_is_gone_says_so_within_seconds(tmp_path: Path) -> None:
    with Stack(settings(tmp_path), stages=["gateway"]) as stack, client(stack) as http:
        broker = stack.children[0].process
        assert broker is not None
        broker.kill()
        broker.wait()
        asked = time.monotonic()
        answer = http.post(f"/v1/carriers/{FEED}/events", content=BODY, headers=signed(BODY))
        assert time.monotonic() - asked < 100, "librdkafka's own time-out is 300 s"
        assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (503, "unavailable", "2")
        assert http.get("/readyz").status_code == 503
        assert http.get("/healthz").status_code == 200
