"""A carrier's push is on its raw topic, byte for byte, before it is told so; or it is told why not."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import headers
from config.setting_group import SettingsError
from connectors.kafka.log_writer import NotWritten
from tests.support.gateway import NOW, gateway

URL = "/v1/carriers/acme/events"
JSON = {"Content-Type": "application/json"}
BODY = b'{"number": "A1",  "at": "2026-09-14T10:00:00Z", "code": "D"}'
HMAC = """
push:
  scheme: hmac
  header: X-Acme-Signature
  signed: "{timestamp}.{body}"
  timestamp_header: X-Acme-Time
  source: Acme's manual
"""


def signed(body: bytes, at: float = NOW, secret: str = "new") -> dict[str, str]:
    digest = hmac.new(secret.encode(), f"{at:.0f}.".encode() + body, hashlib.sha256).hexdigest()
    return {**JSON, "X-Acme-Signature": digest, "X-Acme-Time": f"{at:.0f}"}


def test_a_push_is_written_as_it_came_and_told_where_it_lies(tmp_path: Path) -> None:
    one = gateway(tmp_path, gateway_open="acme")
    answer = one.client.post(URL, content=BODY, headers=JSON)
    assert answer.status_code == 202
    (record,) = one.log.records
    assert (record.topic, record.key, record.value) == ("raw.acme.v1", None, BODY)
    told = {name: value.decode() for name, value in record.headers}
    assert told == {
        headers.FEED: "acme", headers.CHANNEL: "webhook", headers.CONTENT_TYPE: "application/json",
        headers.RECEIVED_AT: str(int(NOW * 1000)), headers.CORRELATION_ID: answer.json()["correlation_id"],
    }
    assert answer.json() == {
        "correlation_id": told[headers.CORRELATION_ID], "topic": "raw.acme.v1", "partition": 0, "offset": 0
    }


def test_what_kafka_does_not_acknowledge_is_answered_503_and_may_come_again(tmp_path: Path) -> None:
    one = gateway(tmp_path, gateway_open="*", gateway_ack_timeout=3)
    one.log.away = NotWritten("broker down")
    answer = one.client.post(URL, content=BODY, headers={**JSON, "Idempotency-Key": "k"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "3"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "unavailable"
    one.log.away = None
    again = one.client.post(URL, content=BODY, headers={**JSON, "Idempotency-Key": "k"})
    assert again.status_code == 202
    assert len(one.log.records) == 1


def test_a_record_no_broker_will_ever_take_is_not_asked_for_again(tmp_path: Path) -> None:
    one = gateway(tmp_path, gateway_open="*")
    one.log.away = NotWritten("too large", too_large=True)
    assert one.client.post(URL, content=BODY, headers=JSON).status_code == 413


@pytest.mark.parametrize("secret", ["new", "old"])
def test_either_secret_of_a_rotation_is_taken(tmp_path: Path, secret: str) -> None:
    one = gateway(tmp_path, HMAC, push_secrets={"acme": ["new", "old"]})
    assert one.client.post(URL, content=BODY, headers=signed(BODY, secret=secret)).status_code == 202


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (JSON, "unsigned"),
        (signed(BODY, secret="wrong"), "bad_signature"),
        (signed(BODY + b" "), "bad_signature"),
        ({**signed(BODY), "X-Acme-Signature": "no digest"}, "bad_signature"),
        ({**signed(BODY), "X-Acme-Time": f"{NOW + 1:.0f}"}, "bad_signature"),
        ({**signed(BODY), "X-Acme-Time": "yesterday"}, "bad_signature"),
        (signed(BODY, NOW - 301), "replayed"),
        (signed(BODY, NOW + 301), "replayed"),
    ],
)
def test_an_unsigned_body_is_answered_401_and_not_written(
    tmp_path: Path, given: dict[str, str], code: str
) -> None:
    one = gateway(tmp_path, HMAC, push_secrets={"acme": "new"})
    answer = one.client.post(URL, content=BODY, headers=given)
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert "WWW-Authenticate" in answer.headers
    assert one.log.records == []


@pytest.mark.parametrize("given", [JSON, {**signed(BODY), "X-Acme-Signature": "none"}, signed(BODY, NOW - 301)])
def test_what_its_head_cannot_prove_is_refused_before_its_body_is_read(tmp_path: Path, given: dict[str, str]) -> None:
    one = gateway(tmp_path, HMAC, push_secrets={"acme": "new"}, max_record_bytes=1024)
    assert one.client.post(URL, content=b"x" * 2_000, headers=given).status_code == 401
    assert one.client.post(URL, content=b"x" * 2_000, headers=signed(BODY)).status_code == 413


def test_a_token_counts_towards_the_rate_before_its_body_is_read_and_a_wrong_one_does_not(tmp_path: Path) -> None:
    one = gateway(tmp_path, push_secrets={"acme": "t0ken"}, gateway_rate=1, max_record_bytes=1024)
    large, right, wrong = b"x" * 2_000, {**JSON, "Authorization": "Bearer t0ken"}, {**JSON, "Authorization": "Bearer t"}
    answers = [one.client.post(URL, content=large, headers=given).status_code for given in (wrong, right, right, wrong)]
    assert answers == [401, 413, 429, 401]


def test_an_address_that_fails_too_often_is_answered_429_but_its_proven_pushes_are_taken(tmp_path: Path) -> None:
    one = gateway(tmp_path, HMAC, push_secrets={"acme": "new"}, gateway_unproven_rate=3)
    answers = [one.client.post(URL, content=BODY, headers=signed(BODY, secret="wrong")) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert answers[-1].json()["code"] == "too_many_unproven"
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert one.client.post(URL, content=BODY, headers=signed(BODY)).status_code == 202


def test_every_content_encoding_counts(tmp_path: Path) -> None:
    one = gateway(tmp_path, gateway_open="*")
    given = [*JSON.items(), ("Content-Encoding", "identity"), ("Content-Encoding", "gzip")]
    answer = one.client.post(URL, content=BODY, headers=given)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_encoding")


@pytest.mark.parametrize("push", ["", HMAC, "\npush: {scheme: none, source: a}\n"])
def test_a_feed_without_a_secret_is_closed(tmp_path: Path, push: str) -> None:
    assert gateway(tmp_path, push).client.post(URL, content=BODY, headers=signed(BODY)).status_code == 401


@pytest.mark.parametrize("opened", ["*", "acme"])
def test_a_feed_without_a_secret_may_be_opened(tmp_path: Path, opened: str) -> None:
    one = gateway(tmp_path, HMAC, gateway_open=opened)
    assert one.client.post(URL, content=BODY, headers=JSON).status_code == 202


def test_a_secret_that_is_set_counts_in_an_open_gateway_too(tmp_path: Path) -> None:
    one = gateway(tmp_path, HMAC, gateway_open="*", push_secrets={"acme": "new"})
    assert one.client.post(URL, content=BODY, headers=JSON).status_code == 401


def test_a_carrier_that_declares_nothing_proves_itself_with_a_token(tmp_path: Path) -> None:
    one = gateway(tmp_path, push_secrets={"acme": "t0ken"})
    given = {**JSON, "Authorization": "Bearer t0ken"}
    assert one.client.post(URL, content=BODY, headers=given).status_code == 202
    assert one.client.post(URL, content=BODY, headers={**given, "Authorization": "Bearer t0"}).status_code == 401


def test_a_carrier_that_takes_200_alone_gets_it(tmp_path: Path) -> None:
    one = gateway(tmp_path, "\npush: {scheme: token, header: credential, answer: 200, source: a}\n", gateway_open="*")
    assert one.client.post(URL, content=BODY, headers=JSON).status_code == 200


def test_an_unknown_carrier_is_not_found(tmp_path: Path) -> None:
    answer = gateway(tmp_path).client.post("/v1/carriers/nobody/events", content=BODY, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_carrier")


@pytest.mark.parametrize("body", [b"", b" \n"])
def test_an_empty_body_is_refused(tmp_path: Path, body: bytes) -> None:
    answer = gateway(tmp_path, gateway_open="*").client.post(URL, content=body, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "empty")


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_over_the_limit_is_refused_and_not_read_to_its_end(tmp_path: Path, announced: bool) -> None:
    one = gateway(tmp_path, gateway_open="*", max_record_bytes=2048)
    sent = []

    def parts() -> Iterator[bytes]:
        for _ in range(100):
            sent.append(1)
            yield b" " * 1024

    content = b" " * 2049 if announced else parts()
    answer = one.client.post(URL, content=content, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert one.log.records == []


@pytest.mark.parametrize("most", [2048, 4 * 1024 * 1024])
def test_a_body_at_the_limit_is_taken(tmp_path: Path, most: int) -> None:
    one = gateway(tmp_path, gateway_open="*", max_record_bytes=most)
    body = b"{" + b" " * (most - 2) + b"}"
    assert one.client.post(URL, content=body, headers=JSON).status_code == 202


@pytest.mark.parametrize(
    ("formats", "kind", "status"),
    [
        ("json", "application/json; charset=utf-8", 202), ("json", "application/cloudevents+json", 202),
        ("json", "application/xml", 415), ("json", "text/plain", 415), ("json", "", 415),
        ("json, xml", "text/xml", 202), ("json, xml", "application/soap+xml; action=x", 202),
        ("csv", "text/csv", 202), ("ndjson", "application/x-ndjson", 202),
    ],
)
def test_a_feed_takes_the_types_of_its_formats(tmp_path: Path, formats: str, kind: str, status: int) -> None:
    one = gateway(tmp_path, formats=formats, gateway_open="*")
    answer = one.client.post(URL, content=BODY, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert ("Accept" in answer.headers) == (status == 415)


def test_a_compressed_body_is_refused(tmp_path: Path) -> None:
    one = gateway(tmp_path, gateway_open="*")
    answer = one.client.post(URL, content=BODY, headers={**JSON, "Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_encoding")


def test_more_than_the_rate_is_answered_429_until_time_has_passed(tmp_path: Path) -> None:
    one = gateway(tmp_path, gateway_open="*", gateway_rate=2)
    answers = [one.client.post(URL, content=BODY, headers=JSON) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert answers[0].headers["RateLimit"] == '"acme";r=1;t=30'
    assert answers[2].headers["RateLimit-Policy"] == '"acme";q=2;w=60'
    assert answers[2].headers["RateLimit"].startswith('"acme";r=0;')
    assert answers[2].headers["Retry-After"] == "30"
    one.clock[0] += 30
    assert one.client.post(URL, content=BODY, headers=JSON).status_code == 202


def test_an_unsigned_request_does_not_count_against_the_carriers_rate(tmp_path: Path) -> None:
    one = gateway(tmp_path, HMAC, push_secrets={"acme": "new"}, gateway_rate=1)
    assert [one.client.post(URL, content=BODY, headers=JSON).status_code for _ in range(3)] == [401] * 3
    assert one.client.post(URL, content=BODY, headers=signed(BODY)).status_code == 202


def test_the_same_request_again_gets_the_same_answer_and_is_written_once(tmp_path: Path) -> None:
    one = gateway(tmp_path, gateway_open="*")
    given = {**JSON, "Idempotency-Key": "k-1"}
    first, again = (one.client.post(URL, content=BODY, headers=given) for _ in range(2))
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(one.log.records) == 1
    other = one.client.post(URL, content=BODY + b" ", headers=given)
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")


def test_whoever_tries_the_address_is_told_what_is_taken(tmp_path: Path) -> None:
    one = gateway(tmp_path)
    assert one.client.get(URL).json() == {"feed": "acme", "takes": ["application/json", "text/json", "+json"]}
    assert one.client.get("/v1/carriers/nobody/events").status_code == 404


def test_the_secret_of_an_unknown_feed_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no feed nobody; there is acme"):
        gateway(tmp_path, push_secrets={"nobody": "s"})


def test_a_secret_that_is_no_base64_is_a_wrong_setting_and_not_shown(tmp_path: Path) -> None:
    push = "\npush: {scheme: hmac, header: h, secret_form: base64, source: a}\n"
    with pytest.raises(SettingsError, match="acme is no base64") as raised:
        gateway(tmp_path, push, push_secrets={"acme": "not*base64"})
    assert "not*base64" not in str(raised.value)
