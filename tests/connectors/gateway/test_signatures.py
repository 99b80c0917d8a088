"""Every way a carrier can prove itself, as the carriers describe theirs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import unicodedata
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.carriers import discover
from connectors.gateway.signatures import Arrived, NotProven, compile_check
from connectors.mapping.declared.schema import Push

BODY = b'{"a": 1}'
NOW = 1_790_000_000.0
SECRET = "caf\u00e9 s\u00e9cret"


def arrived(headers: dict[str, str], body: bytes = BODY, peer: str = "10.0.0.1") -> Arrived:
    return Arrived("POST", "/v1/carriers/acme/events", headers, body, peer)


def digest(secret: bytes, signed: bytes = BODY, algorithm: str = "sha256") -> bytes:
    return hmac.new(secret, signed, algorithm).digest()


PUSH = {carrier.feed: carrier.push for carrier in discover()}


def declared(feed: str) -> Push:
    push = PUSH[feed]
    assert push is not None
    return push


B64 = base64.b64encode(b"a binary key").decode()
SIGNED: dict[str, tuple[Push, str, dict[str, str]]] = {
    "ups": (declared("ups"), "opaque", {"credential": "opaque"}),
    "fedex": (
        declared("fedex"), SECRET, {"fdx-signature": base64.b64encode(digest(SECRET.encode())).decode()},
    ),
    "easypost": (
        declared("easypost"), SECRET,
        {"x-hmac-signature": "hmac-sha256-hex=" + digest(unicodedata.normalize("NFKD", SECRET).encode()).hex()},
    ),
    "aftership": (
        declared("aftership"), SECRET,
        {"aftership-hmac-sha256": base64.b64encode(digest(SECRET.encode())).decode()},
    ),
    "sendcloud": (declared("sendcloud"), SECRET, {"sendcloud-signature": digest(SECRET.encode()).hex()}),
    "17track": (
        declared("17track"), "key",
        {"sign": hashlib.sha256(BODY + b"/key").hexdigest()},
    ),
    "basic": (
        Push(scheme="basic", source=""), "user:p\u00e4ss",
        {"authorization": "Basic " + base64.b64encode("user:p\u00e4ss".encode()).decode()},
    ),
    "mtls": (Push(scheme="mtls", source="", header="X-Client-DN"), "CN=acme", {"x-client-dn": "CN=acme"}),
    "standard webhooks": (
        Push(
            scheme="hmac", source="", header="webhook-signature", encoding="base64", prefix="v1,", separator=" ",
            signed="{header.webhook-id}.{timestamp}.{body}", timestamp_header="webhook-timestamp", secret_form="base64",
        ),
        "whsec_" + B64,
        {
            "webhook-id": "m1", "webhook-timestamp": "1790000000",
            "webhook-signature": "v1a,x v1,AAAA v1,"
            + base64.b64encode(digest(b"a binary key", b"m1.1790000000." + BODY)).decode(),
        },
    ),
    "method and path, ISO time": (
        Push(
            scheme="hmac", source="", header="x-sig", signed="{timestamp}{method}{path}{body}", timestamp_header="x-at",
            algorithm="sha512",
        ),
        "k",
        {
            "x-at": "2026-09-21T14:13:20Z",
            "x-sig": digest(b"k", b"2026-09-21T14:13:20ZPOST/v1/carriers/acme/events" + BODY, "sha512").hex().upper(),
        },
    ),
}
PROXIES = [ip_network("10.0.0.0/8"), ip_network("::1/128")]
ALL = pytest.mark.parametrize(("push", "secret", "headers"), SIGNED.values(), ids=SIGNED.keys())


@ALL
def test_a_body_signed_as_declared_is_accepted(push: Push, secret: str, headers: dict[str, str]) -> None:
    compile_check(push, ["ZmFsc2U=", secret], PROXIES)(arrived(headers), NOW)


@ALL
def test_a_body_signed_with_another_secret_is_refused(push: Push, secret: str, headers: dict[str, str]) -> None:
    del secret
    with pytest.raises(NotProven) as raised:
        compile_check(push, ["ZmFsc2U=", "b3RoZXI="], PROXIES)(arrived(headers), NOW)
    assert raised.value.code == "bad_signature"


@ALL
def test_an_unsigned_body_is_refused(push: Push, secret: str, headers: dict[str, str]) -> None:
    del headers
    with pytest.raises(NotProven) as raised:
        compile_check(push, [secret], PROXIES)(arrived({}), NOW)
    assert raised.value.code == "unsigned"


@ALL
def test_without_a_secret_nothing_is_taken(push: Push, secret: str, headers: dict[str, str]) -> None:
    del secret
    with pytest.raises(NotProven):
        compile_check(push, [], PROXIES)(arrived(headers), NOW)


@pytest.mark.parametrize("name", [name for name, (push, _, _) in SIGNED.items() if "{body}" in push.signed
                                  and push.scheme in ("hmac", "digest")])
def test_a_digest_is_of_this_body_alone(name: str) -> None:
    push, secret, headers = SIGNED[name]
    with pytest.raises(NotProven):
        compile_check(push, [secret])(arrived(headers, BODY + b"\n"), NOW)


def test_the_example_a_carrier_published_is_taken() -> None:
    """sendcloud.dev/api/v3/webhooks"""
    published = "1eed4b3d41f4653ac64fd56f1bf1cbfd349e4482cbc11dff7134bd93e5da4b0a"
    example = arrived({"sendcloud-signature": published}, b'{"key": "value"}')
    compile_check(declared("sendcloud"), ["secretkey"])(example, NOW)


@pytest.mark.parametrize("peer", ["192.0.2.1", "", "testclient"])
def test_a_certificates_header_counts_from_a_trusted_proxy_alone(peer: str) -> None:
    push, secret, headers = SIGNED["mtls"]
    with pytest.raises(NotProven, match="trusted proxy"):
        compile_check(push, [secret], PROXIES)(arrived(headers, peer=peer), NOW)


TIMED = Push(
    scheme="hmac", source="", header="x-sig", signed="{timestamp}{body}", timestamp_header="x-at", replay_seconds=60
)
AT_NOW = ["1790000000", "1790000000000", "2026-09-21T14:13:20Z", "2026-09-21T16:13:20+02:00", "2026-09-21T14:13:20",
          "Mon, 21 Sep 2026 14:13:20 +0000"]


@pytest.mark.parametrize("at", AT_NOW)
@pytest.mark.parametrize(("off", "taken"), [(0, True), (60, True), (-60, True), (61, False), (-61, False)])
def test_the_time_may_be_a_window_from_ours(at: str, off: int, taken: bool) -> None:
    headers = {"x-at": at, "x-sig": digest(b"k", at.encode() + BODY).hex()}
    check = compile_check(TIMED, ["k"])
    if taken:
        check(arrived(headers), NOW + off)
        return
    with pytest.raises(NotProven) as raised:
        check(arrived(headers), NOW + off)
    assert raised.value.code == "replayed"


@pytest.mark.parametrize("at", ["soon", "9" * 400, "-1", "\u0661", "2026-99-01T00:00:00Z"])
def test_a_time_that_is_none_is_refused(at: str) -> None:
    headers = {"x-at": at, "x-sig": "00"}
    with pytest.raises(NotProven):
        compile_check(TIMED, ["k"])(arrived(headers), NOW)


@pytest.mark.parametrize("said", ["zz", "\u00e9\u00e9", "0", "=", "00" * 32])
def test_what_is_no_digest_is_refused(said: str) -> None:
    push = Push(scheme="hmac", source="", header="x-sig")
    with pytest.raises(NotProven):
        compile_check(push, ["k"])(arrived({"x-sig": said}), NOW)


def test_a_secret_that_is_no_base64_is_told_at_once() -> None:
    with pytest.raises(ValueError):
        compile_check(Push(scheme="hmac", source="", header="h", secret_form="base64"), ["*"])


LATIN = st.text(st.characters(max_codepoint=255), max_size=40)


@given(signature=LATIN, at=LATIN, body=st.binary(max_size=40), name=st.sampled_from(sorted(SIGNED)))
def test_whatever_comes_is_refused_and_breaks_nothing(signature: str, at: str, body: bytes, name: str) -> None:
    push, secret, headers = SIGNED[name]
    forged = dict.fromkeys(headers, at) | {(push.header or "authorization").lower(): push.prefix + signature}
    with pytest.raises(NotProven):
        compile_check(push, [secret], PROXIES)(arrived(forged, body), NOW)
