"""Asks a carrier, or whoever books with carriers, by JSON over HTTP. Names of fields as karrio's API has them."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx

from connectors.bookings.declared import Partner
from streams.contracts.bookings import BookingAnswer, BookingRequest, Party
from streams.kernel.booking_vocabulary import AnswerKind

CONNECT_SECONDS = 5.0
MOST_BYTES = 1024 * 1024
"""An answer is read so far: a label is a link, not a picture."""
MOST_DETAIL, MOST_TEXT = 500, 2_000
_DECLINED = frozenset({400, 409, 410, 422})
_AGAIN = frozenset({408, 425, 429})


class RestCarrier:
    """Connections to one carrier. Close it when done."""

    def __init__(self, partner: Partner, token: str, trust: ssl.SSLContext | None = None) -> None:
        """``token``: sent as a bearer's, empty: none. ``trust``: in place of the system's certificates."""
        self._carrier, self._address, self._token = partner.carrier, partner.channel.address.rstrip("/"), token
        timeout = partner.channel.timeout
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(timeout, connect=min(CONNECT_SECONDS, timeout)), follow_redirects=False,
            trust_env=False, verify=trust or ssl.create_default_context(),
        )

    async def book(self, request: BookingRequest, now_ms: int) -> BookingAnswer:
        """Ask for the booking, with its id as the idempotency key; the answer, whatever happens."""
        status, told, detail = await self._post(self._address, request, document_of(request))
        return answer_of(request, status, told, detail, now_ms)

    async def cancel(self, request: BookingRequest, now_ms: int) -> BookingAnswer:
        """Cancel the booking by the carrier's own id, else by ours; the answer, whatever happens."""
        name = quote(request.carrier_reference or request.booking_id, safe="")
        url = f"{self._address}/{name}/cancel"
        return cancel_answer_of(request, *await self._post(url, request, {"reference": request.booking_id}), now_ms)

    async def close(self) -> None:
        """Disconnect."""
        await self._client.aclose()

    async def _post(
        self, url: str, request: BookingRequest, body: Mapping[str, Any]
    ) -> tuple[int | None, dict[str, Any], str]:
        """Status, body and, without a status, why there is none."""
        headers = {
            "Accept": "application/json", "User-Agent": "shipsync", "Accept-Encoding": "identity",
            "Idempotency-Key": f"{request.booking_id}-{request.kind.value}",
        }
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            async with self._client.stream("POST", url, json=body, headers=headers) as response:
                read = bytearray()
                async for part in response.aiter_bytes():
                    read += part
                    if len(read) > MOST_BYTES:
                        return None, {}, f"an answer of more than {MOST_BYTES} bytes"
                return response.status_code, _object(bytes(read)), self._shown(bytes(read))
        except httpx.TimeoutException:
            return None, {}, "no answer in time"
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return None, {}, f"no answer ({type(error).__name__})"

    def _shown(self, body: bytes) -> str:
        text = body[: 4 * MOST_DETAIL].decode("utf-8", "replace")
        return _line(text.replace(self._token, "(hidden)") if self._token else text)


def document_of(request: BookingRequest) -> dict[str, Any]:
    """The booking as it is posted: weights in KG, lengths in CM."""
    told = {
        "reference": request.booking_id, "service": request.service,
        "shipper": _address(request.shipper), "recipient": _address(request.recipient),
        "parcels": [
            {
                "reference_number": one.parcel_id, "weight": one.weight_kg, "weight_unit": "KG",
                **({"length": one.length_cm, "width": one.width_cm, "height": one.height_cm, "dimension_unit": "CM"}
                   if one.length_cm else {}),
            } for one in request.parcels
        ],
        "metadata": {"delivery_id": request.delivery_id, "order_id": request.order_id},
    }
    if request.ship_on is not None:
        told["options"] = {"shipment_date": _day(request.ship_on)}
    return told


def answer_of(
    request: BookingRequest, status: int | None, told: Mapping[str, Any], detail: str, now_ms: int
) -> BookingAnswer:
    """The carrier's answer: booked with a tracking number, accepted without; 400, 409, 410 and 422 decline; other
    client errors, which are ours to mend, fail; all else is asked again."""
    kind = AnswerKind.UNAVAILABLE
    if status is not None and status // 100 == 2:
        kind = AnswerKind.BOOKED if _text(told.get("tracking_number")) else AnswerKind.ACCEPTED
    elif status in _DECLINED:
        kind = AnswerKind.DECLINED
    elif status is not None and status // 100 == 4 and status not in _AGAIN:
        kind = AnswerKind.FAILED
    words = "" if kind in (AnswerKind.BOOKED, AnswerKind.ACCEPTED) else _why(told) or detail
    rate = told.get("selected_rate")
    cost = rate.get("total_charge") if isinstance(rate, dict) else None
    price = float(cost) if isinstance(cost, int | float) and not isinstance(cost, bool) else None
    currency = _text(rate.get("currency")) if isinstance(rate, dict) else ""
    return BookingAnswer(
        request.booking_id, request.delivery_id, kind, request.carrier, now_ms, request.attempt,
        words if status is None or status // 100 == 2 else f"{status}: {words}"[:MOST_DETAIL],
        _text(told.get("tracking_number")), _text(told.get("id")), _link(told.get("label_url")),
        _link(told.get("tracking_url")), price, currency[:3], "rest",
    )


def cancel_answer_of(
    request: BookingRequest, status: int | None, told: Mapping[str, Any], detail: str, now_ms: int
) -> BookingAnswer:
    """The carrier's answer to a cancellation: taken with 2xx, with 410, and with 404 where it never took the booking; a
    carrier that took it and does not know it any more is asked by a person, as is one that refuses."""
    kind = AnswerKind.CANCEL_UNAVAILABLE
    was_taken = bool(request.carrier_reference or request.tracking_number)
    if status is not None and (status // 100 == 2 or status == 410 or (status == 404 and not was_taken)):
        kind = AnswerKind.CANCELLED
    elif status is not None and status // 100 in (3, 4) and status not in _AGAIN:
        kind = AnswerKind.CANCEL_REFUSED
    words = _why(told) or detail
    if kind is AnswerKind.CANCELLED:
        words = ""
    elif status is not None:
        words = f"{status}: {words}"[:MOST_DETAIL]
    return BookingAnswer(
        request.booking_id, request.delivery_id, kind, request.carrier, now_ms, request.attempt, words, source="rest",
    )


def _address(party: Party | None) -> dict[str, str] | None:
    if party is None:
        return None
    told = {
        "company_name": party.name, "address_line1": party.street, "city": party.city, "state_code": party.region,
        "postal_code": party.postal_code, "country_code": party.country, "phone_number": party.phone,
        "email": party.email,
    }
    return {name: text for name, text in told.items() if text}


def _why(told: Mapping[str, Any]) -> str:
    """The messages of an error, in one line."""
    found = told.get("messages", told.get("errors"))
    items = found if isinstance(found, list) else [found] if isinstance(found, dict) else []
    return _line("; ".join(_text(one.get("message")) for one in items if isinstance(one, dict)))[:MOST_DETAIL]


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(value: object) -> str:
    return _line(str(value))[:MOST_TEXT] if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _link(value: object) -> str:
    text = _text(value)
    return text if text.startswith("https://") else ""


def _line(text: str) -> str:
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _day(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d}"
