"""The embedded registry endpoint, asked by Confluent's own client and deserializer, and by hand."""

from __future__ import annotations

import io
import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import fastavro
import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

from config import contracts, topics
from connectors.embedded.registry import CONTENT_TYPE, MOST_BYTES, serve
from connectors.kafka.schema_ids import schema_id
from streams.kernel.errors import Fatal
from tests.support.waiting import PATIENCE

EVENTS = topics.CARRIER_EVENTS
ALERT = {
    "alert_id": "feed_stale:x", "kind": "feed_stale", "state": "raised", "severity": "warning", "subject": "x",
    "message": "Feed x is silent", "exception": "data_quality", "reason": "feed_stale",
    "raised_at": 1_790_000_000_000, "changed_at": 1_790_000_000_000, "record": b"",
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = serve("127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def client(url: str) -> SchemaRegistryClient:
    return SchemaRegistryClient({"url": url, "max.retries": 0})


def ask(url: str, path: str, body: Any = None, method: str | None = None) -> tuple[int, Any, str]:
    """Status, body and content type of an answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data=data, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, json.load(answer), answer.headers["Content-Type"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error), error.headers["Content-Type"]


def test_the_subjects_are_those_of_our_topics(client: SchemaRegistryClient) -> None:
    assert client.get_subjects() == sorted(topic.subject for topic in topics.STATIC if topic.schema is not None)


def test_the_client_reads_a_subjects_latest_version(client: SchemaRegistryClient) -> None:
    found = client.get_latest_version(EVENTS.subject)
    assert (found.version, found.schema_id) == (1, schema_id("carrier_event"))
    assert client.get_versions(EVENTS.subject) == [1]
    assert client.get_version(EVENTS.subject, 1).schema_id == found.schema_id
    assert json.loads(found.schema.schema_str) == contracts.schema("carrier_event")


def test_the_client_finds_our_contract_under_its_subject(client: SchemaRegistryClient) -> None:
    ours = Schema(contracts.schema_text("carrier_event"), "AVRO")
    assert client.lookup_schema(EVENTS.subject, ours).schema_id == schema_id("carrier_event")


def test_confluents_deserializer_reads_our_records(client: SchemaRegistryClient) -> None:
    body = io.BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(contracts.schema("alert")), ALERT)
    framed = b"\0" + schema_id("alert").to_bytes(4, "big") + body.getvalue()
    read = AvroDeserializer(client)(framed, SerializationContext(topics.OPS_ALERTS.name, MessageField.VALUE))
    assert read["alert_id"] == ALERT["alert_id"]
    assert read["raised_at"].year == 2026


def test_two_topics_of_one_contract_are_both_told_of_its_id(url: str) -> None:
    path = f"/schemas/ids/{schema_id('carrier_event')}"
    both = sorted([topics.CARRIER_EVENTS.subject, topics.CARRIER_UNRESOLVED.subject])
    assert ask(url, f"{path}/subjects")[1] == both
    assert ask(url, f"{path}/versions")[1] == [{"subject": subject, "version": 1} for subject in both]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/", {}),
        ("/schemas/types", ["AVRO"]),
        ("/config", {"compatibilityLevel": "FULL_TRANSITIVE"}),
        ("/mode", {"mode": "READONLY"}),
        (f"/mode/{EVENTS.subject}", {"mode": "READONLY"}),
        (f"/subjects/{EVENTS.subject}/versions/?deleted=true", [1]),
        (f"/subjects/{EVENTS.subject}/versions/latest/schema", contracts.schema("carrier_event")),
        (f"/schemas/ids/{schema_id('alert')}/schema", contracts.schema("alert")),
        (f"/subjects/{EVENTS.subject.replace('-', '%2D')}/versions", [1]),
    ],
)
def test_a_read_is_answered(url: str, path: str, body: Any) -> None:
    assert ask(url, path) == (200, body, CONTENT_TYPE)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/subjects/nobody-value/versions", 404, 40401),
        ("/subjects/nobody-value/versions/latest", 404, 40401),
        (f"/subjects/{EVENTS.subject}/versions/2", 404, 40402),
        (f"/subjects/{EVENTS.subject}/versions/first", 422, 42202),
        (f"/subjects/{EVENTS.subject}/versions/0", 422, 42202),
        ("/schemas/ids/1", 404, 40403),
        ("/schemas/ids/1/subjects", 404, 40403),
        ("/no/such/path", 404, 404),
        (f"/schemas/ids/{'9' * 5_000}", 404, 404),
        (f"/subjects/{EVENTS.subject}/versions/{'9' * 5_000}", 422, 42202),
    ],
)
def test_a_missing_subject_is_answered_as_confluent_does(url: str, path: str, status: int, code: int) -> None:
    answered, body, kind = ask(url, path)
    assert (answered, body["error_code"], kind) == (status, code, CONTENT_TYPE)
    assert body["message"]


@pytest.mark.parametrize(
    ("subject", "body", "code"),
    [
        (EVENTS.subject, {"schema": '"string"'}, 40403),
        (EVENTS.subject, {"schema": contracts.schema_text("alert")}, 40403),
        ("nobody-value", {"schema": '"string"'}, 40401),
        (EVENTS.subject, {"schema": "{"}, 42201),
        (EVENTS.subject, {"schema": '{"type": "rekord"}'}, 42201),
        (EVENTS.subject, {"schema": "{}", "schemaType": "JSON"}, 42201),
        (EVENTS.subject, ["no request"], 42201),
    ],
)
def test_a_lookup_in_vain_says_why(url: str, subject: str, body: Any, code: int) -> None:
    assert ask(url, f"/subjects/{subject}", body)[1]["error_code"] == code


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"/subjects/{EVENTS.subject}/versions"),
        ("DELETE", f"/subjects/{EVENTS.subject}"),
        ("PUT", "/config"),
        ("PUT", f"/mode/{EVENTS.subject}"),
        ("POST", "/compatibility/subjects/a/versions/latest"),
    ],
)
def test_a_write_is_refused_as_a_read_only_registry_does(url: str, method: str, path: str) -> None:
    status, body, kind = ask(url, path, {"schema": '"string"'}, method)
    assert (status, body["error_code"], kind) == (422, 42205, CONTENT_TYPE)
    assert "is in read-only mode" in body["message"]


def test_the_client_sees_the_refusal(client: SchemaRegistryClient) -> None:
    with pytest.raises(SchemaRegistryError) as refused:
        client.register_schema(EVENTS.subject, Schema('"string"', "AVRO"))
    assert refused.value.error_code == 42205
    assert EVENTS.subject in refused.value.error_message


@pytest.mark.parametrize("length", [str(MOST_BYTES + 1), "-1", "many", "9" * 5_000])
def test_a_body_of_no_good_length_is_refused_unread(url: str, length: str) -> None:
    host, port = url.removeprefix("http://").split(":")
    with closing(socket.create_connection((host, int(port)), timeout=PATIENCE)) as connection:
        head = f"POST /subjects/a HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n"
        connection.sendall(head.encode())
        answer = b""
        while more := connection.recv(65536):
            answer += more
    assert b" 413 " in answer.splitlines()[0]


def test_one_connection_serves_many_requests(url: str) -> None:
    host, port = url.removeprefix("http://").split(":")
    with closing(socket.create_connection((host, int(port)), timeout=PATIENCE)) as connection:
        for _ in range(3):
            connection.sendall(b"GET /mode HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = b""
            while b"READONLY" not in answer:
                answer += connection.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200 ")


def test_a_taken_port_is_fatal_and_names_the_setting() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(Fatal, match=f"{taken.getsockname()[1]}.*SHIPSYNC_REGISTRY_URL"),
    ):
        serve("127.0.0.1", taken.getsockname()[1])
