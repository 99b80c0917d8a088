"""Asks carriers' own APIs for documents, as their ``document_call`` says: at the declared host alone, within bounds."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

import httpx
import msgspec
import structlog

from connectors.carrier_api.authorisation import Authoriser
from connectors.carrier_api.credentials import DOCUMENTS, CalledCarrier
from connectors.carrier_api.exchange import exchange, new_client
from connectors.carrier_api.requests import Request, call_request
from connectors.carrier_api.response import NoResponse, Response, TooLarge
from connectors.documents import metrics
from connectors.formats.base64_text import decoded
from connectors.mapping.declared.document_call import CallPlan
from connectors.mapping.documents.paths import Value
from connectors.outbound.answers import Answer, shown, unavailable
from connectors.outbound.documents.client import Got, answer_without
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import AttemptResult
from streams.polling.schedule import Answer as Fault

log = structlog.get_logger(__name__)
MOST_VALUES = 10_000
"""Values of a JSON answer; one that carries a document has few, and each costs memory."""
MOST_SHOWN = 300
"""Bytes of an answer without a document that its reason quotes."""
_ROOM = 64 * 1024
"""Bytes of a JSON answer beside the document."""


class CarrierApis:
    """The APIs of the carriers that are asked. Make it on the event loop; close it when done."""

    def __init__(
        self, carriers: Iterable[CalledCarrier], most_bytes: int, connections: int, clock: Callable[[], int],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """``most_bytes``: of a document; ``clock``: UTC ms."""
        self._most, self._clock, self._client = most_bytes, clock, new_client(connections, transport)
        self._carriers = {one.feed: one for one in carriers}
        self._authorisers = {
            one.feed: Authoriser(one.plan.call.authorisation, one.plan.timeout_s, one.credentials, self._client, clock)
            for one in self._carriers.values()
        }

    async def get(self, feed: str, tracking_number: str) -> Got:
        """The answer of a feed's API about a number; nothing that it does raises."""
        carrier = self._carriers.get(feed)
        if carrier is None:
            return _refused(f"{DOCUMENTS} of this process does not name {feed}")
        try:
            response = await self._asked(carrier, tracking_number)
        except TooLarge:
            metrics.CALLS.labels(feed, "too_large").inc()
            return _refused(f"the answer is larger than one with a document of {self._most} bytes")
        except NoResponse as fault:
            metrics.CALLS.labels(feed, fault.answer.value).inc()
            return Got(None, _without_answer(fault, feed))
        except Exception as error:  # one call must not end the fetching of all
            log.exception("a carrier's API could not be asked in a way nobody foresaw", feed=feed)
            return Got(None, unavailable(f"the request could not be made ({type(error).__name__})"))
        if response.status != HTTPStatus.OK:
            return Got(None, self._without_document(response, feed))
        return await asyncio.to_thread(_content, carrier.plan, response)

    async def close(self) -> None:
        """Disconnect."""
        await self._client.aclose()

    async def _asked(self, carrier: CalledCarrier, tracking_number: str) -> Response:
        """The response; where it refuses the token, that to a second request with another. Raises NoResponse."""
        authoriser, base_url = self._authorisers[carrier.feed], carrier.credentials.base_url
        asked = call_request(carrier.plan.call, tracking_number, uuid.uuid4().hex, base_url)
        sent = await authoriser.headers()
        response = await self._exchange(carrier, asked, sent)
        if response.status != HTTPStatus.UNAUTHORIZED or not authoriser.renewable:
            return response
        authoriser.refused(sent)
        return await self._exchange(carrier, asked, await authoriser.headers())

    async def _exchange(self, carrier: CalledCarrier, asked: Request, authorised: Mapping[str, str]) -> Response:
        plan = carrier.plan
        most = self._most if plan.content is None else self._most * 3 // 2 + _ROOM
        response = await exchange(self._client, asked, authorised, plan.timeout_s, most)
        metrics.CALLS.labels(carrier.feed, str(response.status)).inc()
        return response

    def _without_document(self, response: Response, feed: str) -> Answer:
        """The meaning of another status than 200. Where our credentials are refused, every document waits."""
        status, retry = response.status, response.headers.get("retry-after")
        answer = answer_without(status, httpx.codes.get_reason_phrase(status), retry, response.body, self._clock())
        if status == HTTPStatus.UNAUTHORIZED:
            return unavailable(f"{answer.detail}; check {feed} in {DOCUMENTS}")._replace(code=status)
        is_none_yet = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
        return answer._replace(result=AttemptResult.REFUSED) if is_none_yet else answer


def _content(plan: CallPlan, response: Response) -> Got:
    """The document of a good answer."""
    if plan.content is None:
        return _got(response.body)
    found, path = _value(plan.content, response.body), plan.call.document
    file = decoded(found) if isinstance(found, str) else None
    if file is not None:
        return _got(file)
    why = f"{path} of the answer is no base64" if found else f"the answer has no {path}"
    return _refused(f"{why}: {_beginning(response.body)}", response.status)


def _value(content: Value, body: bytes) -> Any:
    """The value of a JSON answer where the document is to be; None where it is no such answer."""
    if sum(body.count(one) for one in (b",", b"[", b"{")) > MOST_VALUES:
        return None
    try:
        return content((msgspec.json.decode(body),))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, Reject):
        return None


def _without_answer(fault: NoResponse, feed: str) -> Answer:
    if fault.answer is Fault.RATE_LIMITED:
        return Answer(AttemptResult.LIMITED, shown(fault.detail), None, fault.not_before or None)
    hint = f"; check {feed} in {DOCUMENTS}" if fault.answer is Fault.UNAUTHORISED else ""
    return unavailable(f"{fault.detail}{hint}")


def _got(content: bytes) -> Got:
    return Got(content, Answer(AttemptResult.ACCEPTED, "", HTTPStatus.OK))


def _refused(detail: str, status: int | None = None) -> Got:
    return Got(None, Answer(AttemptResult.REFUSED, shown(detail), status))


def _beginning(body: bytes) -> str:
    return body[:MOST_SHOWN].decode("utf-8", "replace")
