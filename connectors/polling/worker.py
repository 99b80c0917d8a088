"""Asks one carrier for the numbers that are due, as far as its rates, its circuit breaker and its concurrency
allow. The answer is on Kafka before the cursor moves: a crash in between asks again and loses nothing.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from msgspec.structs import replace

from connectors.polling import metrics
from connectors.polling.client import CarrierClient
from connectors.polling.credentials import Polled
from connectors.polling.response import Heard, Unheard
from connectors.polling.responses import NOT_MODIFIED, Judged, Said, judge
from connectors.polling.schedule_book import Book
from streams.contracts.model import PollState
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import PollEnd
from streams.polling.schedule import HEARD, Answer, answered, backoff
from streams.resilience import circuit_breaker as breaker
from streams.resilience import token_bucket
from streams.resilience.circuit_breaker import Circuit, CircuitState

log = logging.getLogger(__name__)

UNSAVED_RETRY_MS = 15_000
"""Nothing is asked for so long after an answer did not reach Kafka."""
LONGEST_REST_MS = 60_000
"""The clock may be set: it is looked at so often at least."""
UNAUTHORISED = "unauthorised"
_TOLD = frozenset({Answer.NEWS, Answer.UNCHANGED})
_DAMAGING = frozenset({Answer.UNAVAILABLE, Answer.TRUNCATED})


class Courier(Protocol):
    """Takes answers and cursors to where they are kept."""

    async def forward(
        self, feed: str, heard: Heard, received_at: int, request_id: str, asked_number: str = ""
    ) -> None:
        """Return when the answer is acknowledged on the feed's raw topic. Raises Transient."""

    async def save(self, states: Sequence[PollState]) -> None:
        """Return when the cursors are acknowledged. Raises Transient."""

    async def circuit(self, feed: str, circuit: Circuit) -> None:
        """Let others know how the carrier's circuit stands; never raises."""


class Poller:
    """One carrier's. ``clock``: UTC ms; ``chance``: numbers in [0, 1)."""

    def __init__(
        self, polled: Polled, client: CarrierClient, book: Book, courier: Courier, clock: Callable[[], int],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.feed, self.book = polled.carrier.feed, book
        self._adapter, self._plan, self._client = polled.carrier.adapter, polled.plan, client
        self._courier, self._clock, self._chance = courier, clock, chance
        now = clock()
        asked_at = [state.asked_at for state in book if state.asked_at is not None]
        self._buckets = {one: token_bucket.spent(one, asked_at, now) for one in polled.plan.rates}
        self._circuit = breaker.CLOSED
        self._show_circuit()
        self._not_before = 0
        self._alone: set[str] = set()
        self._under_way: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None
        self._limited = 0
        self.wake = asyncio.Event()
        """Set when there may be something to do before the time ``turn`` told."""

    @property
    def circuit(self) -> Circuit:
        """How the circuit breaker stands."""
        return self._circuit

    async def turn(self) -> int | None:
        """Send out what is due and allowed; ms until more may be, None: nothing until ``wake``."""
        while len(self._under_way) < self._plan.poll.concurrency:
            now = self._clock()
            due = self.book.next_due()
            if due is None:
                return None
            wait = max(due - now, self._not_before - now, token_bucket.wait_ms(self._buckets, now))
            if wait > 0:
                return wait
            circuit, allowed = breaker.asked(self._circuit, now)
            if not allowed:
                return max(1, circuit.retry_at - now) if circuit.state is CircuitState.OPEN else None
            self._buckets = token_bucket.take(self._buckets, now)
            self._start(self._batch(now))
            await self._enter(circuit)
        return None

    @property
    def busy(self) -> int:
        """How many questions are under way."""
        return len(self._under_way)

    async def idle(self) -> None:
        """Return when nothing is under way. Raises what ended a question unforeseen."""
        while self._under_way:
            await asyncio.wait(set(self._under_way))
        if self._failure is not None:
            raise self._failure

    async def run(self, stopping: asyncio.Event) -> None:
        """Ask until told to stop; what is under way then is heard out by :meth:`close`.

        Raises what ended a question unforeseen: going on might lose what it was about.
        """
        while not stopping.is_set():
            if self._failure is not None:
                raise self._failure
            wait = await self.turn()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.wake.wait(), min(wait or LONGEST_REST_MS, LONGEST_REST_MS) / 1000)
            self.wake.clear()

    async def close(self, seconds: float) -> None:
        """Hear out what is under way for so long, give up the rest, disconnect."""
        if self._under_way:
            _, late = await asyncio.wait(set(self._under_way), timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._client.close()

    def _batch(self, now: int) -> list[PollState]:
        first = self.book.take(now, 1)
        if first[0].tracking_number in self._alone:
            return first
        more = self.book.take(now, self._plan.poll.batch - 1)
        alone = [state for state in more if state.tracking_number in self._alone]
        for state in alone:
            self.book.put(state, now)
        return first + [state for state in more if state not in alone]

    def _start(self, batch: list[PollState]) -> None:
        task = asyncio.create_task(self._ask(batch))
        self._under_way.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self.wake.set()
        if not task.cancelled():
            self._failure = self._failure or task.exception()

    async def _ask(self, batch: list[PollState]) -> None:
        request_id = uuid.uuid4().hex
        try:
            heard, judged = await self._question(batch, request_id)
            await self._take_in(batch, heard, judged, request_id)
        except Transient as error:
            now = self._clock()
            log.warning("%s: an answer did not reach Kafka and is asked for again: %s", self.feed, error)
            metrics.UNSAVED.labels(self.feed).inc()
            self._not_before = max(self._not_before, now + UNSAVED_RETRY_MS)
            for state in batch:
                self.book.put(state, now)
            await self._enter(breaker.abandoned(self._circuit, now))
        except BaseException:
            for state in batch:
                self.book.put(state, self._clock())
            raise

    async def _question(self, batch: list[PollState], request_id: str) -> tuple[Heard | None, Judged]:
        """Ask, and once more with a new token where ours is refused."""
        numbers = [state.tracking_number for state in batch]
        conditions = _conditions(batch)
        heard, judged, sent = await self._once(numbers, request_id, conditions)
        refused = any(said.answer is Answer.UNAUTHORISED for said in judged.said.values())
        if refused and heard is not None and self._client.authoriser.renewable:
            self._client.authoriser.refused(sent)
            self._buckets = token_bucket.take(self._buckets, self._clock())
            heard, judged, _ = await self._once(numbers, request_id, conditions)
        return heard, judged

    async def _once(
        self, numbers: list[str], request_id: str, conditions: dict[str, str]
    ) -> tuple[Heard | None, Judged, dict[str, str]]:
        started = time.perf_counter()
        try:
            heard, sent = await self._client.ask(numbers, request_id, conditions)
            metrics.REQUESTS.labels(self.feed, str(heard.status)).inc()
            return heard, judge(heard, numbers, self._adapter, self._clock(), self._plan.poll.volatile), sent
        except Unheard as unheard:
            metrics.REQUESTS.labels(self.feed, unheard.answer.value).inc()
            said = Said(unheard.answer, detail=unheard.detail)
            return None, Judged(dict.fromkeys(numbers, said), unheard.not_before), {}
        except Exception as error:
            # A fault of ours over one number must cost that number a delay, not end the asking for all others.
            log.exception("%s: asking for %s fails unforeseen", self.feed, ", ".join(map(ascii, numbers)))
            metrics.REQUESTS.labels(self.feed, "internal").inc()
            said = Said(Answer.UNAVAILABLE, detail=f"{type(error).__name__}: {error}")
            return None, Judged(dict.fromkeys(numbers, said)), {}
        finally:
            metrics.REQUEST_SECONDS.labels(self.feed).observe(time.perf_counter() - started)

    async def _take_in(
        self, batch: list[PollState], heard: Heard | None, judged: Judged, request_id: str
    ) -> None:
        """The answer to its topic, then the cursor, then the book."""
        now = self._clock()
        after = [self._after(state, judged, heard, now) for state in batch]
        changed = any(
            judged.said[state.tracking_number].digest not in (None, state.digest) for state in batch
        )
        if heard is not None and judged.worth_passing_on and changed:
            asked = batch[0].tracking_number if len(batch) == 1 else ""
            await self._courier.forward(self.feed, heard, now, request_id, asked)
            metrics.FORWARDED.labels(self.feed).inc()
        await self._courier.save([state for _, state in after])
        if judged.alone:
            self._alone.update(state.tracking_number for state in batch)
        for answer, state in after:
            self._enter_answer(answer, state, now)
        await self._weigh(judged, now)

    def _after(
        self, state: PollState, judged: Judged, heard: Heard | None, now: int
    ) -> tuple[Answer, PollState]:
        said = judged.said[state.tracking_number]
        answer = said.answer
        if answer is Answer.NEWS and said.digest == state.digest:
            answer = Answer.UNCHANGED
        retry_at = max(judged.not_before, self._retry_at(answer, now))
        after = answered(
            state, answer, self._plan.schedule, now, self._chance(), status=said.status, not_before=retry_at,
            detail=said.detail,
        )
        if said.digest is not None and judged.worth_passing_on:
            after = replace(after, digest=said.digest)
        if heard is not None and heard.status != NOT_MODIFIED and len(judged.said) == 1 and answer in _TOLD:
            after = replace(
                after, etag=heard.headers.get("etag"), last_modified=heard.headers.get("last-modified")
            )
        return answer, after

    def _retry_at(self, answer: Answer, now: int) -> int:
        """An unauthorised number waits for the circuit, which is about to open."""
        if answer is not Answer.UNAUTHORISED:
            return 0
        return breaker.opened(self._circuit, self._plan.breaker, now, "").retry_at

    def _enter_answer(self, answer: Answer, state: PollState, now: int) -> None:
        metrics.ANSWERS.labels(self.feed, answer.value).inc()
        if answer in HEARD:
            self._alone.discard(state.tracking_number)
        if state.ended is not PollEnd.NONE:
            metrics.RETIRED.labels(self.feed, state.ended.value).inc()
            if state.ended is not PollEnd.SETTLED:
                log.warning(
                    "%s: %s is asked for no more (%s): %s", self.feed, state.tracking_number, state.ended.value,
                    state.detail,
                )
        self.book.put(state, now)

    async def _weigh(self, judged: Judged, now: int) -> None:
        """What the answer means for the questions after it."""
        answers = {said.answer for said in judged.said.values()}
        detail = next((said.detail for said in judged.said.values() if said.detail), "")
        circuit = self._circuit
        if judged.alone or answers & HEARD:
            circuit = breaker.succeeded(circuit)
        elif Answer.UNAUTHORISED in answers:
            circuit = breaker.opened(circuit, self._plan.breaker, now, f"{UNAUTHORISED}: {detail}")
        elif answers & _DAMAGING:
            circuit = breaker.failed(circuit, self._plan.breaker, now, detail)
        else:
            circuit = breaker.abandoned(circuit, now)
        self._limited = self._limited + 1 if Answer.RATE_LIMITED in answers else 0
        if answers - HEARD:
            pause = backoff(self._plan.schedule, self._limited, self._chance()) if self._limited else 0
            self._not_before = max(self._not_before, judged.not_before or now + pause)
        await self._enter(circuit)

    async def _enter(self, circuit: Circuit) -> None:
        before, self._circuit = self._circuit, circuit
        if before.state is circuit.state:
            return
        self._show_circuit()
        if circuit.state is CircuitState.OPEN:
            log.error("%s: not asked until the circuit is tried again: %s", self.feed, circuit.reason)
        await self._courier.circuit(self.feed, circuit)

    def _show_circuit(self) -> None:
        for state in CircuitState:
            metrics.CIRCUIT.labels(self.feed, state.value).set(state is self._circuit.state)
        metrics.UNAUTHORISED.labels(self.feed).set(self._circuit.reason.startswith(UNAUTHORISED))


def _conditions(batch: list[PollState]) -> dict[str, str]:
    """If-None-Match and If-Modified-Since of a question for one number."""
    if len(batch) != 1:
        return {}
    told = {"If-None-Match": batch[0].etag, "If-Modified-Since": batch[0].last_modified}
    return {name: value for name, value in told.items() if value}
