"""Polls one carrier for the numbers that are due, within its rates, its circuit breaker and its concurrency.

A response is on Kafka before the cursor moves: after a crash in between, the carrier is asked again and nothing is
lost.
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

from connectors.carrier_api.credentials import PolledCarrier
from connectors.carrier_api.response import NoResponse, Response
from connectors.polling import metrics
from connectors.polling.client import CarrierClient
from connectors.polling.responses import NOT_MODIFIED, Assessment, NumberResult, assess
from connectors.polling.schedule_book import ScheduleBook
from streams.contracts.model import PollState
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import PollEnd
from streams.polling.schedule import ANSWERED, Answer, after_answer, backoff
from streams.resilience import circuit_breaker as breaker
from streams.resilience import token_bucket
from streams.resilience.circuit_breaker import Circuit, CircuitState

log = logging.getLogger(__name__)

UNSAVED_RETRY_MS = 15_000
"""How long nothing is asked after a response did not reach Kafka."""
LONGEST_REST_MS = 60_000
"""The clock may be set, so it is read at least this often."""
UNAUTHORISED = "unauthorised"
_WITH_CONTENT = frozenset({Answer.NEWS, Answer.UNCHANGED})
_DAMAGING = frozenset({Answer.UNAVAILABLE, Answer.TRUNCATED})


class Publisher(Protocol):
    """Writes responses and cursors to where they are kept."""

    async def forward(
        self, feed: str, response: Response, received_at: int, request_id: str, asked_number: str = ""
    ) -> None:
        """Return when the response is acknowledged on the feed's raw topic. Raises Transient."""

    async def save(self, states: Sequence[PollState]) -> None:
        """Return when the cursors are acknowledged. Raises Transient."""

    async def circuit(self, feed: str, circuit: Circuit) -> None:
        """Publish the state of the carrier's circuit breaker; never raises."""


class Poller:
    """Polls one carrier. ``clock``: UTC ms; ``chance``: numbers in [0, 1)."""

    def __init__(
        self, polled: PolledCarrier, client: CarrierClient, book: ScheduleBook, publisher: Publisher,
        clock: Callable[[], int], chance: Callable[[], float] = random.random,
    ) -> None:
        self.feed, self.book = polled.carrier.feed, book
        self._adapter, self._plan, self._client = polled.carrier.adapter, polled.plan, client
        self._publisher, self._clock, self._chance = publisher, clock, chance
        now = clock()
        asked_at = [state.asked_at for state in book if state.asked_at is not None]
        self._buckets = {one: token_bucket.spent(one, asked_at, now) for one in polled.plan.rates}
        self._circuit = breaker.CLOSED
        self._show_circuit()
        self._not_before = 0
        self._ask_alone: set[str] = set()
        self._under_way: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None
        self._limited = 0
        self.wake = asyncio.Event()
        """Set when something may be due before the time ``send_due`` returned."""

    @property
    def circuit(self) -> Circuit:
        """The state of the circuit breaker."""
        return self._circuit

    async def send_due(self) -> int | None:
        """Send the requests that are due and allowed; ms until the next may be, None where only ``wake`` can tell."""
        while len(self._under_way) < self._plan.poll.concurrency:
            now = self._clock()
            due = self.book.next_due()
            if due is None:
                return None
            wait = max(due - now, self._not_before - now, token_bucket.wait_ms(self._buckets, now))
            if wait > 0:
                return wait
            circuit, allowed = breaker.request(self._circuit, now)
            if not allowed:
                return max(1, circuit.retry_at - now) if circuit.state is CircuitState.OPEN else None
            self._buckets = token_bucket.take(self._buckets, now)
            self._start_request(self._batch(now))
            await self._set_circuit(circuit)
        return None

    @property
    def busy(self) -> int:
        """Returns how many requests are in flight."""
        return len(self._under_way)

    async def idle(self) -> None:
        """Return when no request is in flight. Raises the unexpected error that ended one."""
        while self._under_way:
            await asyncio.wait(set(self._under_way))
        if self._failure is not None:
            raise self._failure

    async def run(self, stopping: asyncio.Event) -> None:
        """Poll until told to stop; :meth:`close` then waits for the requests in flight.

        Raises the unexpected error that ended a request: to go on might lose its numbers.
        """
        while not stopping.is_set():
            if self._failure is not None:
                raise self._failure
            wait = await self.send_due()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.wake.wait(), min(wait or LONGEST_REST_MS, LONGEST_REST_MS) / 1000)
            self.wake.clear()

    async def close(self, seconds: float) -> None:
        """Wait up to ``seconds`` for the requests in flight, cancel the others, and disconnect."""
        if self._under_way:
            _, late = await asyncio.wait(set(self._under_way), timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._client.close()

    def _batch(self, now: int) -> list[PollState]:
        first = self.book.take(now, 1)
        if first[0].tracking_number in self._ask_alone:
            return first
        more = self.book.take(now, self._plan.poll.batch - 1)
        alone = [state for state in more if state.tracking_number in self._ask_alone]
        for state in alone:
            self.book.put(state, now)
        return first + [state for state in more if state not in alone]

    def _start_request(self, batch: list[PollState]) -> None:
        task = asyncio.create_task(self._poll(batch))
        self._under_way.add(task)
        task.add_done_callback(self._request_done)

    def _request_done(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self.wake.set()
        if not task.cancelled():
            self._failure = self._failure or task.exception()

    async def _poll(self, batch: list[PollState]) -> None:
        request_id = uuid.uuid4().hex
        try:
            response, assessment = await self._request(batch, request_id)
            await self._record(batch, response, assessment, request_id)
        except Transient as error:
            now = self._clock()
            log.warning("%s: a response did not reach Kafka and will be asked for again: %s", self.feed, error)
            metrics.UNSAVED.labels(self.feed).inc()
            self._not_before = max(self._not_before, now + UNSAVED_RETRY_MS)
            for state in batch:
                self.book.put(state, now)
            await self._set_circuit(breaker.abandoned(self._circuit, now))
        except BaseException:
            for state in batch:
                self.book.put(state, self._clock())
            raise

    async def _request(self, batch: list[PollState], request_id: str) -> tuple[Response | None, Assessment]:
        """Send the request; once more with a new token where the carrier refused the first."""
        numbers = [state.tracking_number for state in batch]
        conditions = _conditions(batch)
        response, assessment, sent = await self._send(numbers, request_id, conditions)
        refused = any(result.answer is Answer.UNAUTHORISED for result in assessment.results.values())
        if refused and response is not None and self._client.authoriser.renewable:
            self._client.authoriser.refused(sent)
            self._buckets = token_bucket.take(self._buckets, self._clock())
            response, assessment, _ = await self._send(numbers, request_id, conditions)
        return response, assessment

    async def _send(
        self, numbers: list[str], request_id: str, conditions: dict[str, str]
    ) -> tuple[Response | None, Assessment, dict[str, str]]:
        started = time.perf_counter()
        try:
            response, sent = await self._client.ask(numbers, request_id, conditions)
            metrics.REQUESTS.labels(self.feed, str(response.status)).inc()
            return response, assess(response, numbers, self._adapter, self._clock(), self._plan.poll.volatile), sent
        except NoResponse as failure:
            metrics.REQUESTS.labels(self.feed, failure.answer.value).inc()
            result = NumberResult(failure.answer, detail=failure.detail)
            return None, Assessment(dict.fromkeys(numbers, result), failure.not_before), {}
        except Exception as error:
            # A fault of ours with one number may delay that number, and must not stop polling for all others.
            log.exception("%s: polling for %s ends with a fault of ours", self.feed, ", ".join(map(ascii, numbers)))
            metrics.REQUESTS.labels(self.feed, "internal").inc()
            result = NumberResult(Answer.UNAVAILABLE, detail=f"{type(error).__name__}: {error}")
            return None, Assessment(dict.fromkeys(numbers, result)), {}
        finally:
            metrics.REQUEST_SECONDS.labels(self.feed).observe(time.perf_counter() - started)

    async def _record(
        self, batch: list[PollState], response: Response | None, assessment: Assessment, request_id: str
    ) -> None:
        """Write the response to its topic, then the cursor, then the schedule book."""
        now = self._clock()
        after = [self._state_after(state, assessment, response, now) for state in batch]
        changed = any(
            assessment.results[state.tracking_number].digest not in (None, state.digest) for state in batch
        )
        if response is not None and assessment.worth_passing_on and changed:
            asked = batch[0].tracking_number if len(batch) == 1 else ""
            await self._publisher.forward(self.feed, response, now, request_id, asked)
            metrics.FORWARDED.labels(self.feed).inc()
        await self._publisher.save([state for _, state in after])
        if assessment.alone:
            self._ask_alone.update(state.tracking_number for state in batch)
        for answer, state in after:
            self._record_result(answer, state, now)
        await self._update_limits(assessment, now)

    def _state_after(
        self, state: PollState, assessment: Assessment, response: Response | None, now: int
    ) -> tuple[Answer, PollState]:
        result = assessment.results[state.tracking_number]
        answer = result.answer
        if answer is Answer.NEWS and result.digest == state.digest:
            answer = Answer.UNCHANGED
        retry_at = max(assessment.not_before, self._retry_at(answer, now))
        after = after_answer(
            state, answer, self._plan.schedule, now, self._chance(), status=result.status, not_before=retry_at,
            detail=result.detail,
        )
        if result.digest is not None and assessment.worth_passing_on:
            after = replace(after, digest=result.digest)
        complete = response is not None and response.status != NOT_MODIFIED and answer in _WITH_CONTENT
        if response is not None and complete and len(assessment.results) == 1:
            after = replace(
                after, etag=response.headers.get("etag"), last_modified=response.headers.get("last-modified")
            )
        return answer, after

    def _retry_at(self, answer: Answer, now: int) -> int:
        """UTC ms; an unauthorised number waits as long as the circuit breaker, which is about to open."""
        if answer is not Answer.UNAUTHORISED:
            return 0
        return breaker.opened(self._circuit, self._plan.breaker, now, "").retry_at

    def _record_result(self, answer: Answer, state: PollState, now: int) -> None:
        metrics.ANSWERS.labels(self.feed, answer.value).inc()
        if answer in ANSWERED:
            self._ask_alone.discard(state.tracking_number)
        if state.ended is not PollEnd.NONE:
            metrics.RETIRED.labels(self.feed, state.ended.value).inc()
            if state.ended is not PollEnd.SETTLED:
                log.warning(
                    "%s: %s is no longer polled (%s): %s", self.feed, state.tracking_number, state.ended.value,
                    state.detail,
                )
        self.book.put(state, now)

    async def _update_limits(self, assessment: Assessment, now: int) -> None:
        """Adapt the circuit breaker and the pause before the next request to what the carrier answered."""
        answers = {result.answer for result in assessment.results.values()}
        detail = next((result.detail for result in assessment.results.values() if result.detail), "")
        circuit = self._circuit
        if assessment.alone or answers & ANSWERED:
            circuit = breaker.succeeded(circuit)
        elif Answer.UNAUTHORISED in answers:
            circuit = breaker.opened(circuit, self._plan.breaker, now, f"{UNAUTHORISED}: {detail}")
        elif answers & _DAMAGING:
            circuit = breaker.failed(circuit, self._plan.breaker, now, detail)
        else:
            circuit = breaker.abandoned(circuit, now)
        self._limited = self._limited + 1 if Answer.RATE_LIMITED in answers else 0
        if answers - ANSWERED:
            pause = backoff(self._plan.schedule, self._limited, self._chance()) if self._limited else 0
            self._not_before = max(self._not_before, assessment.not_before or now + pause)
        await self._set_circuit(circuit)

    async def _set_circuit(self, circuit: Circuit) -> None:
        before, self._circuit = self._circuit, circuit
        if before.state is circuit.state:
            return
        self._show_circuit()
        if circuit.state is CircuitState.OPEN:
            log.error("%s: not polled until the circuit breaker allows a trial: %s", self.feed, circuit.reason)
        await self._publisher.circuit(self.feed, circuit)

    def _show_circuit(self) -> None:
        for state in CircuitState:
            metrics.CIRCUIT.labels(self.feed, state.value).set(state is self._circuit.state)
        metrics.UNAUTHORISED.labels(self.feed).set(self._circuit.reason.startswith(UNAUTHORISED))


def _conditions(batch: list[PollState]) -> dict[str, str]:
    """If-None-Match and If-Modified-Since of a request for one number."""
    if len(batch) != 1:
        return {}
    told = {"If-None-Match": batch[0].etag, "If-Modified-Since": batch[0].last_modified}
    return {name: value for name, value in told.items() if value}
