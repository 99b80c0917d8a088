"""Makes the attempt to fetch a document that a request asks for: gets it, checks and keeps it, says where it lies, and
how that ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import msgspec

from connectors.documents import metrics
from connectors.documents.keeping import Keeping
from connectors.formats.base64_text import with_hash
from connectors.outbound.answers import Answer, shown, unavailable
from connectors.outbound.documents.client import DocumentClient, Got
from connectors.outbound.sender import now_ms
from streams.contracts.documents import InMessage, ShipmentDocument, called_feed, in_message
from streams.contracts.outbound import OutboundAttempt, OutboundRequest
from streams.documents.fetches import Fetch, fetch_of
from streams.documents.policy import GIVEN_UP
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import AttemptResult, DocumentOrigin, DocumentStatus

Tell = Callable[[ShipmentDocument], Awaitable[None]]
"""Writes where a document lies; returns once Kafka has it. Raises Transient."""
ReadRecord = Callable[[str, int, int], bytes | None]
"""Reads a record's value by topic, partition and offset; None once it is gone. Raises Transient."""


class Ask(Protocol):
    """Carriers' own APIs."""

    async def get(self, feed: str, tracking_number: str) -> Got:
        """The answer of a feed's API about a number."""


_NO_HOSTS: frozenset[str] = frozenset()


def _no_record(topic: str, partition: int, offset: int) -> bytes | None:
    del topic, partition, offset
    return None


class DocumentFetcher:
    """Makes attempts. ``hosts``: carrier to the hosts its links may lead on to; ``clock``: UTC ms; ``record``: reads
    carriers' messages; ``apis``: asks carriers' own."""

    def __init__(
        self, client: DocumentClient, keeping: Keeping, tell: Tell, hosts: Mapping[str, frozenset[str]],
        apis: Ask, clock: Callable[[], int] = now_ms, record: ReadRecord = _no_record,
    ) -> None:
        self._record, self._apis = record, apis
        self._client, self._keeping, self._tell, self._hosts, self._clock = client, keeping, tell, hosts, clock

    async def attempt(self, request: OutboundRequest) -> OutboundAttempt:
        """The attempt as made; nothing that the host does raises."""
        started = self._clock()
        try:
            answer = await self._fetched(fetch_of(request.body), request)
        except msgspec.MsgspecError as error:
            answer = Answer(AttemptResult.REFUSED, shown(f"the request names no document: {error}"))
        except Transient as error:
            answer = unavailable(str(error))
        ended = max(started, self._clock())
        if answer.result is AttemptResult.UNAVAILABLE and ended - request.first_at > GIVEN_UP:
            days = GIVEN_UP // 86_400_000
            words = f"given up after {days} days: {answer.detail}"
            answer = answer._replace(result=AttemptResult.REFUSED, detail=words)
        metrics.ATTEMPTS.labels(answer.result.value).inc()
        metrics.SECONDS.observe((ended - started) / 1000)
        return OutboundAttempt(
            request.message_id, request.destination, request.owner, request.queue, request.attempt, answer.result,
            answer.detail, started, ended, answer.code, answer.retry_at,
        )

    async def _fetched(self, fetch: Fetch, request: OutboundRequest) -> Answer:
        """The answer, once the document is kept and told. Raises Transient."""
        place, feed = in_message(fetch.link), called_feed(fetch.link)
        if place is not None:
            got, origin = await asyncio.to_thread(self._taken_out, place), DocumentOrigin.MESSAGE
        elif feed is not None:
            got, origin = await self._apis.get(feed, fetch.tracking_number), DocumentOrigin.ASKED
        else:
            got = await self._client.get(fetch.link, self._hosts.get(fetch.carrier, _NO_HOSTS))
            origin = DocumentOrigin.LINK
        if got.content is None:
            return got.answer
        kept = await self._keeping.take(got.content)
        if kept.refused:
            return Answer(AttemptResult.REFUSED, shown(kept.refused), got.answer.code)
        await self._tell(ShipmentDocument(
            fetch.source_id, fetch.carrier, fetch.tracking_number, fetch.kind, origin, DocumentStatus.STORED,
            fetch.first_at, self._clock(), kept.document_id, kept.media_type, kept.size, kept.store_key, fetch.link, "",
            request.attempt, None, fetch.life, fetch.event_id,
        ))
        return Answer(AttemptResult.ACCEPTED, kept.document_id, got.answer.code)

    def _taken_out(self, place: InMessage) -> Got:
        """The document that a carrier's message carries. Raises Transient where no broker answers."""
        record = self._record(place.topic, place.partition, place.offset)
        content = None if record is None else with_hash(record, place.document_id)
        if content is None:
            why = "the message is no longer kept" if record is None else "the message does not carry it"
            return Got(None, Answer(AttemptResult.REFUSED, why))
        return Got(content, Answer(AttemptResult.ACCEPTED, ""))
