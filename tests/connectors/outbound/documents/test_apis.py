"""Carriers' own APIs asked for documents: what is taken for one, what is not, and what an answer may cost."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from connectors.carrier_api.credentials import CalledCarrier, called_carriers
from connectors.carriers import discover
from connectors.outbound.documents.apis import CarrierApis
from connectors.outbound.documents.client import Got
from streams.kernel.vocabulary import AttemptResult
from tests.fakes.proof_apis import CLIENT, LOGIN, ProofApi
from tests.support.acme import acme_in
from tests.support.answers import streamed
from tests.support.document_inputs import NOW, PAGE, PDF
from tests.support.served import served

MOST = 4_096
CALL = """\
document_call:
  source: made up for tests
  url: https://api.acme.example/pod/{{tracking_number}}?request={{request_id}}
  authorisation: {{kind: header, header: Api-Key}}
  timeout: 5s
  {where}
"""
IN_JSON = "document: message.files[kind=pod].data"
ENCODED = b64encode(PDF).decode()
[MYDHL] = called_carriers(discover(), SecretStr(json.dumps({"mydhl": LOGIN})))


def acme(home: Path, where: str) -> CalledCarrier:
    """A carrier whose API is asked."""
    [one] = called_carriers(discover(acme_in(home, CALL.format(where=where))), SecretStr('{"acme": {"key": "k-1"}}'))
    return one


def got(carrier: CalledCarrier, answer: Callable[[httpx.Request], httpx.Response]) -> Got:
    """The result of one answer."""
    async def main() -> Got:
        transport = httpx.MockTransport(lambda request: streamed(answer(request)))
        apis = CarrierApis([carrier], MOST, 1, lambda: NOW, transport)
        try:
            return await apis.get(carrier.feed, "N/1")
        finally:
            await apis.close()

    return asyncio.run(main())


def in_json(data: object, kind: str = "pod") -> bytes:
    return json.dumps({"files": [{"kind": "label", "data": "x"}, {"kind": kind, "data": data}]}).encode()


def test_the_number_is_escaped_and_the_key_sent(tmp_path: Path) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=PDF)

    assert got(acme(tmp_path, ""), answer).content == PDF
    [one] = asked
    assert one.url.raw_path.startswith(b"/pod/N%2F1?request=")
    assert (one.url.host, one.headers["api-key"]) == ("api.acme.example", "k-1")


@pytest.mark.parametrize(("where", "status", "body", "result", "says"), [
    (IN_JSON, 200, in_json(ENCODED), AttemptResult.ACCEPTED, ""),
    (IN_JSON, 200, in_json(f"data:application/pdf;base64,{ENCODED}"), AttemptResult.ACCEPTED, ""),
    (IN_JSON, 200, in_json("%PDF-1.4 as it is, unencoded"), AttemptResult.REFUSED, "data of the answer is no base64"),
    (IN_JSON, 200, in_json({"more": 1}), AttemptResult.REFUSED, "data of the answer is no base64"),
    (IN_JSON, 200, in_json(ENCODED, "bol"), AttemptResult.REFUSED, "the answer has no message.files[kind=pod].data"),
    (IN_JSON, 200, b'{"files": "none"}', AttemptResult.REFUSED, "the answer has no"),
    (IN_JSON, 200, PAGE, AttemptResult.REFUSED, "Please sign in"),
    (IN_JSON, 200, PDF, AttemptResult.REFUSED, "the answer has no"),
    (IN_JSON, 200, b"[" * 9_000, AttemptResult.REFUSED, "the answer has no"),
    (IN_JSON, 200, b'{"a":' * 9_000 + b"1" + b"}" * 9_000, AttemptResult.REFUSED, "the answer has no"),
    (IN_JSON, 200, b"[" + b"{}," * 20_000 + b"{}]", AttemptResult.REFUSED, "the answer has no"),
    (IN_JSON, 200, b" " * (2 * MOST + 65_536), AttemptResult.REFUSED, "larger than one with a document of 4096 bytes"),
    ("", 200, PDF + bytes(MOST), AttemptResult.REFUSED, "larger than one with a document of 4096 bytes"),
    ("", 204, b"", AttemptResult.REFUSED, "204 No Content"),
    ("", 404, b"no proof for N/1", AttemptResult.REFUSED, "404 Not Found: no proof for N/1"),
    ("", 403, b"not your shipment", AttemptResult.REFUSED, "403 Forbidden: not your shipment"),
    ("", 401, b"", AttemptResult.UNAVAILABLE, "check acme in SHIPSYNC_DOCUMENTS_API_CREDENTIALS"),
    ("", 302, b"", AttemptResult.UNAVAILABLE, "302 Found"),
    ("", 429, b"", AttemptResult.LIMITED, "429 Too Many Requests"),
    ("", 500, b"out of order", AttemptResult.UNAVAILABLE, "500 Internal Server Error: out of order"),
])
def test_what_an_answer_comes_to(
    tmp_path: Path, where: str, status: int, body: bytes, result: AttemptResult, says: str
) -> None:
    found = got(acme(tmp_path, where), lambda _: httpx.Response(
        status, content=body, headers={"Location": "https://169.254.169.254/", "Retry-After": "60"}
    ))
    assert (found.answer.result, found.content) == (result, PDF if result is AttemptResult.ACCEPTED else None)
    assert says in found.answer.detail
    assert len(found.answer.detail) < 500
    assert (found.answer.retry_at is not None) == (status == 429)


def test_a_host_that_does_not_answer_is_waited_for(tmp_path: Path) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    assert got(acme(tmp_path, ""), away).answer.result is AttemptResult.UNAVAILABLE


def test_a_feed_without_credentials_here_is_named() -> None:
    async def main() -> Got:
        apis = CarrierApis([], MOST, 1, lambda: NOW)
        try:
            return await apis.get("fedex", "1")
        finally:
            await apis.close()

    found = asyncio.run(main())
    assert (found.answer.result, found.answer.detail) == (
        AttemptResult.REFUSED, "SHIPSYNC_DOCUMENTS_API_CREDENTIALS of this process does not name fedex")


@pytest.mark.parametrize(("feed", "ours", "number"), [
    ("fedex", CLIENT, "794934944694"), ("mydhl", LOGIN, "1234567890"),
])
def test_packaged_carriers_are_asked_as_they_publish(feed: str, ours: dict[str, str], number: str) -> None:
    api = ProofApi()

    async def main(url: str) -> tuple[Got, Got, Got]:
        given = {feed: {**ours, "base_url": url}}
        apis = CarrierApis(called_carriers(discover(), SecretStr(json.dumps(given))), MOST, 1, lambda: NOW)
        wrong = {feed: {**dict.fromkeys(ours, "another"), "base_url": url}}
        strangers = CarrierApis(called_carriers(discover(), SecretStr(json.dumps(wrong))), MOST, 1, lambda: NOW)
        try:
            missing = await apis.get(feed, number)
            api.proofs[number] = PDF
            api.tokens += 1  # the token that was given is good no more
            return missing, await apis.get(feed, number), await strangers.get(feed, number)
        finally:
            await apis.close()
            await strangers.close()

    with served(api.app) as url:
        missing, found, refused = asyncio.run(main(url))
    assert missing.answer.result is AttemptResult.REFUSED
    assert "not available" in missing.answer.detail or "No ePOD" in missing.answer.detail
    assert (found.answer.result, found.content) == (AttemptResult.ACCEPTED, PDF)
    assert refused.answer.result is AttemptResult.UNAVAILABLE
    assert f"check {feed} in" in refused.answer.detail
    assert "another" not in refused.answer.detail


JSON_TEXTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["POD", ENCODED, "no base64", ""]),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(
        st.sampled_from(["documents", "typeCode", "content"]), below
    ),
    max_leaves=12,
).map(lambda one: json.dumps(one).encode())


@given(st.binary(max_size=200) | JSON_TEXTS)
def test_an_answer_is_a_document_or_refused_whatever_it_holds(body: bytes) -> None:
    found = got(MYDHL, lambda _: httpx.Response(200, content=body))
    assert (found.answer.result, found.content) in [(AttemptResult.ACCEPTED, PDF), (AttemptResult.REFUSED, None)]
