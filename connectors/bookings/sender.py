"""Asks carriers: makes the request that a record of ``carrier.bookings`` is, by the carrier's channel."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import structlog

from connectors.bookings import metrics, outbox
from connectors.bookings.declared import Partner
from connectors.bookings.rest import RestCarrier
from streams.bookings.rules import Channel
from streams.contracts.bookings import BookingAnswer, BookingRequest
from streams.contracts.edi import Interchange
from streams.kernel.booking_vocabulary import AnswerKind, BookingRequestKind
from streams.kernel.errors import Fatal

log = structlog.get_logger(__name__)
ASKED = frozenset({BookingRequestKind.BOOK, BookingRequestKind.CANCEL})
_OF_A_CANCELLATION = {
    AnswerKind.UNAVAILABLE: AnswerKind.CANCEL_UNAVAILABLE, AnswerKind.FAILED: AnswerKind.CANCEL_REFUSED,
}
Tell = Callable[[Interchange], Awaitable[None]]


def now_ms() -> int:
    """UTC milliseconds."""
    return time.time_ns() // 1_000_000


class BookingSender:
    """Makes requests. ``tell``: writes an interchange down that is to be acknowledged. Make it on the event loop."""

    def __init__(
        self, partners: Mapping[str, Partner], root: Path | None, tell: Tell,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        """``root``: the drop folder. Raises Fatal where a secret is not there, or EDI has no folder to go to."""
        self._partners, self._root, self._tell = partners, root, tell
        self._clock = clock
        by_file = [one.carrier for one in partners.values() if one.channel.kind != Channel.REST]
        if by_file and root is None:
            raise Fatal(f"{by_file[0]} is booked by EDI: name the folder for its files in SHIPSYNC_DROP_DIR")
        self._rest = {
            name: RestCarrier(one, "" if one.channel.token is None else one.channel.token.read())
            for name, one in partners.items() if one.channel.kind == Channel.REST
        }

    async def attempt(self, request: BookingRequest) -> BookingAnswer | None:
        """The answer as far as it is known; None where it comes by another way, or none is due. Nothing that the
        carrier does raises."""
        if request.kind not in ASKED:
            return None
        partner = self._partners.get(request.carrier)
        started = self._clock()
        answer: BookingAnswer | None
        if partner is None:
            answer = self._answer(request, AnswerKind.FAILED, f"no carrier {request.carrier} is declared here")
        else:
            answer = await self._asked(partner, request)
        metrics.ATTEMPTS.labels(
            request.carrier, request.kind.value, "sent" if answer is None else answer.kind.value
        ).inc()
        metrics.SECONDS.labels(request.carrier).observe((self._clock() - started) / 1000)
        return answer

    async def close(self) -> None:
        """Disconnect."""
        for one in self._rest.values():
            await one.close()

    async def _asked(self, partner: Partner, request: BookingRequest) -> BookingAnswer | None:
        try:
            rest = self._rest.get(partner.carrier)
            if rest is None:
                return await self._filed(partner, request)
            if request.kind is BookingRequestKind.BOOK:
                return await rest.book(request, self._clock())
            return await rest.cancel(request, self._clock())
        except Exception as error:  # one booking must not end the asking of all
            log.exception("a booking failed in a way nobody foresaw", booking=request.booking_id)
            return self._answer(request, AnswerKind.UNAVAILABLE, f"it could not be asked ({type(error).__name__})")

    async def _filed(self, partner: Partner, request: BookingRequest) -> BookingAnswer | None:
        assert self._root is not None
        try:
            interchange = await asyncio.to_thread(outbox.write, self._root, partner, request)
        except OSError as error:
            log.error("a file for a carrier cannot be written", booking=request.booking_id, trouble=str(error))
            detail = f"its file cannot be written: {error.strerror}"
            return self._answer(request, AnswerKind.UNAVAILABLE, detail)
        await self._tell(interchange)
        return None

    def _answer(self, request: BookingRequest, kind: AnswerKind, detail: str) -> BookingAnswer:
        if request.kind is BookingRequestKind.CANCEL:
            kind = _OF_A_CANCELLATION[kind]
        return BookingAnswer(
            request.booking_id, request.delivery_id, kind, request.carrier, self._clock(), request.attempt, detail,
        )
