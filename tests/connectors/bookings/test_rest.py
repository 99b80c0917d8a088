"""A carrier is asked by JSON with an idempotency key; each answer means one thing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from connectors.bookings.declaration import ChannelDeclared
from connectors.bookings.declared import Partner
from connectors.bookings.rest import RestCarrier, answer_of, document_of
from streams.contracts.bookings import BookingAnswer, BookingRequest
from streams.kernel.booking_vocabulary import AnswerKind, BookingRequestKind
from tests.support.booking_world import NOON, Desk, packed, released

[REQUEST] = Desk().take(released(ship_on=NOON), packed(kilograms=(7.0, 5.0))).out.requests
NORTH = Partner("north", "NRTH", ChannelDeclared("rest", "https://north.example/v1/shipments"))
Answer = Callable[[httpx.Request], httpx.Response]


def asked(answer: Answer, request: BookingRequest = REQUEST) -> tuple[BookingAnswer, list[httpx.Request]]:
    seen: list[httpx.Request] = []

    async def ask() -> BookingAnswer:
        carrier = RestCarrier(NORTH, "s3cret")
        carrier._client = httpx.AsyncClient(transport=httpx.MockTransport(note))
        try:
            return await carrier.book(request, NOON)
        finally:
            await carrier.close()

    def note(sent: httpx.Request) -> httpx.Response:
        seen.append(sent)
        return answer(sent)

    return asyncio.run(ask()), seen


def test_a_booking_is_posted_with_both_addresses_and_its_id_as_the_key() -> None:
    _, [sent] = asked(lambda _: httpx.Response(201, json={}))
    body = json.loads(sent.content)
    assert str(sent.url) == "https://north.example/v1/shipments"
    assert (sent.headers["idempotency-key"], sent.headers["authorization"]) == ("80001-1-book", "Bearer s3cret")
    assert (body["reference"], body["service"]) == ("80001-1", "parcel")
    assert body["recipient"] == {
        "company_name": "Ada Lovelace", "address_line1": "Ring 5", "city": "Wien", "postal_code": "1010",
        "country_code": "AT", "phone_number": "+43 1 234",
    }
    assert [parcel["weight"] for parcel in body["parcels"]] == [7.0, 5.0]
    assert body["options"] == {"shipment_date": "2026-09-21"}
    assert "dimension_unit" not in document_of(REQUEST)["parcels"][0]


def test_a_booking_with_a_number_is_booked_with_label_and_price() -> None:
    told = {
        "id": "shp_9", "tracking_number": "NT77", "label_url": "https://north.example/l/77",
        "tracking_url": "javascript:x",
        "selected_rate": {"total_charge": 11.5, "currency": "EUR"},
    }
    answer, _ = asked(lambda _: httpx.Response(201, json=told))
    assert answer == BookingAnswer(
        "80001-1", "80001", AnswerKind.BOOKED, "north", NOON, 1, "", "NT77", "shp_9", "https://north.example/l/77", "",
        11.5, "EUR", "rest",
    )


@pytest.mark.parametrize(("status", "body", "kind", "words"), [
    (202, {"id": "shp_9"}, AnswerKind.ACCEPTED, ""),
    (422, {"messages": [{"message": "no"}, {"message": "later"}]}, AnswerKind.DECLINED, "422: no; later"),
    (409, {}, AnswerKind.DECLINED, "409: {}"),
    (401, {"errors": [{"message": "who?"}]}, AnswerKind.FAILED, "401: who?"),
    (429, {}, AnswerKind.UNAVAILABLE, "429: {}"),
    (503, {}, AnswerKind.UNAVAILABLE, "503: {}"),
    (302, {}, AnswerKind.UNAVAILABLE, "302: {}"),
])
def test_a_status_means_one_thing(status: int, body: dict[str, Any], kind: AnswerKind, words: str) -> None:
    answer, _ = asked(lambda _: httpx.Response(status, json=body))
    assert (answer.kind, answer.detail) == (kind, words)


def test_a_carrier_that_does_not_answer_is_asked_again_and_its_secret_is_never_shown() -> None:
    def late(sent: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("late", request=sent)

    answer, _ = asked(late)
    assert (answer.kind, answer.detail) == (AnswerKind.UNAVAILABLE, "no answer in time")
    answer, _ = asked(lambda _: httpx.Response(403, text="Bearer s3cret\x1b[31m is wrong"))
    assert answer.detail == "403: Bearer (hidden) [31m is wrong"
    answer, _ = asked(lambda _: httpx.Response(200, content=b"x" * 2_000_000))
    assert answer.kind is AnswerKind.UNAVAILABLE


def test_a_strange_answer_is_no_booking() -> None:
    for told in ({"tracking_number": None}, {"tracking_number": {"a": 1}}, {"selected_rate": {"total_charge": "9"}}):
        answer = answer_of(REQUEST, 200, told, "", NOON)
        assert (answer.kind, answer.cost) == (AnswerKind.ACCEPTED, None)


def test_a_cancellation_names_the_carriers_own_id() -> None:
    seen: list[str] = []

    async def cancel(status: int, own: str = "shp/9") -> tuple[AnswerKind, str]:
        carrier = RestCarrier(NORTH, "")
        carrier._client = httpx.AsyncClient(transport=httpx.MockTransport(
            lambda sent: (seen.append(sent.url.raw_path.decode()), httpx.Response(
                status, json={"messages": [{"message": f"it is {status}"}]}
            ))[1]
        ))
        request = replace(REQUEST, kind=BookingRequestKind.CANCEL, carrier_reference=own)
        try:
            answer = await carrier.cancel(request, NOON)
            return answer.kind, answer.detail
        finally:
            await carrier.close()

    taken, refused, away = AnswerKind.CANCELLED, AnswerKind.CANCEL_REFUSED, AnswerKind.CANCEL_UNAVAILABLE
    assert [asyncio.run(cancel(status)) for status in (200, 410, 404, 409, 401, 302, 503, 429)] == [
        (taken, ""), (taken, ""), (refused, "404: it is 404"), (refused, "409: it is 409"),
        (refused, "401: it is 401"), (refused, "302: it is 302"), (away, "503: it is 503"), (away, "429: it is 429"),
    ]
    assert set(seen) == {"/v1/shipments/shp%2F9/cancel"}
    assert asyncio.run(cancel(404, "")) == (taken, ""), "it never took the booking, and knows of none"
