"""A poller against a carrier's API with the faults real ones have. Time stands still but where a test moves it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from email.utils import formatdate
from pathlib import Path

import pytest
from msgspec.structs import replace

from connectors.polling.client import CarrierClient
from connectors.polling.schedule_book import KnownStatus, ScheduleBook
from connectors.polling.worker import UNSAVED_RETRY_MS, Poller
from streams.kernel.vocabulary import PollEnd, Status
from streams.resilience.circuit_breaker import CircuitState
from tests.fakes.carrier_api import (
    ONE_BY_ONE,
    TOGETHER,
    WITH_TOKENS,
    CarrierApi,
    Reply,
    body,
    carrier,
    error,
    scans,
    served,
)
from tests.fakes.publisher import FakePublisher
from tests.support.clock import FakeClock

NOW = 1_790_000_000_000
SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000
DAY = 24 * HOUR
MIDDLE = 0.5


class Scene:
    """One poller, its book and courier, and the clock they go by."""

    def __init__(self, api: CarrierApi, home: Path, how: str, rates: str, concurrency: int) -> None:
        self.api, self.clock, self.publisher = api, FakeClock(NOW), FakePublisher()
        one = carrier(home, api.base_url, how, rates, concurrency)
        self.book = ScheduleBook("acme", "acme", one.plan.schedule)
        client = CarrierClient(one, 100_000, self.now)
        self.poller = Poller(one, client, self.book, self.publisher, self.now, lambda: MIDDLE)

    def now(self) -> int:
        return int(self.clock())

    def watch(self, *numbers: str) -> None:
        for number in numbers:
            self.book.claim(number, self.now(), self.now())

    async def send_due(self, after: int = 0) -> int | None:
        """Let time pass, ask what is due, hear it out; what the poller would wait for next, as of then."""
        self.clock.advance(after)
        for _ in range(50):
            wait = await self.poller.send_due()
            if not self.poller.busy:
                return wait
            await self.poller.idle()
        raise AssertionError("it asks again and again")


Act = Callable[[Scene], Awaitable[None]]


@pytest.fixture
def api() -> Iterator[CarrierApi]:
    with served() as started:
        yield started


@pytest.fixture
def play(api: CarrierApi, tmp_path: Path) -> Callable[..., None]:
    """Run a scene."""

    def run(act: Act, how: str = ONE_BY_ONE, rates: str = "1000/s", concurrency: int = 1) -> None:
        async def main() -> None:
            scene = Scene(api, tmp_path, how, rates, concurrency)
            try:
                await act(scene)
            finally:
                await scene.poller.close(1)

        asyncio.run(main())

    return run


def test_a_number_is_asked_for_and_the_answer_passed_on_before_the_cursor_moves(
    play: Callable[..., None], api: CarrierApi
) -> None:
    answer = body(scans("A1", "TRANSIT"))
    api.says("A1", Reply(answer))

    async def act(scene: Scene) -> None:
        scene.watch("A1")
        wait = await scene.send_due()
        assert scene.publisher.calls == ["forward acme", "save 1"]
        assert scene.publisher.forwarded[0].body == answer
        [state] = scene.publisher.saved
        assert (state.status, state.news_at, state.asked) == (Status.IN_TRANSIT, NOW, 1)
        assert wait == 2 * HOUR
        assert api.asked[0].headers["api-key"] == "k-1"

    play(act)


def test_a_number_is_polled_again_when_due_and_not_before(play: Callable[..., None], api: CarrierApi) -> None:
    api.says("A1", Reply(body(scans("A1", "TRANSIT"))), Reply(body(scans("A1", "TRANSIT", "OUT"))))

    async def act(scene: Scene) -> None:
        scene.watch("A1")
        await scene.send_due()
        await scene.send_due(2 * HOUR - 1)
        assert api.numbers() == ["A1"]
        assert await scene.send_due(1) == 15 * MINUTE
        assert api.numbers() == ["A1", "A1"]

    play(act)


def test_a_delivered_shipment_is_asked_for_no_more(play: Callable[..., None], api: CarrierApi) -> None:
    api.says("A1", Reply(body(scans("A1", "OUT", "DONE"))))

    async def act(scene: Scene) -> None:
        scene.watch("A1")
        assert await scene.send_due() is None
        assert scene.publisher.saved[-1].ended is PollEnd.SETTLED
        assert await scene.send_due(300 * DAY) is None
        assert api.numbers() == ["A1"]

    play(act)


def test_a_delivery_heard_of_by_another_way_ends_it_too(play: Callable[..., None], api: CarrierApi) -> None:
    api.says("A1", Reply(body(scans("A1", "TRANSIT"))))

    async def act(scene: Scene) -> None:
        scene.watch("A1")
        await scene.send_due()
        scene.book.set_status("A1", KnownStatus(Status.DELIVERED, NOW + 5), NOW + 5)
        assert await scene.send_due(DAY) is None
        assert api.numbers() == ["A1"]

    play(act)


def test_a_dead_number_is_retired_with_the_carriers_words(play: Callable[..., None], api: CarrierApi) -> None:
    async def act(scene: Scene) -> None:
        scene.watch("DEAD")
        for _ in range(20):
            await scene.send_due(6 * HOUR)
        state = scene.book["DEAD"]
        assert (state.ended, state.due_at, state.detail) == (PollEnd.NOT_FOUND, None, "NF: no such number")
        assert len(api.asked) == 9
        assert len(scene.publisher.forwarded) == 1

    play(act)


def test_not_found_with_http_200_counts_as_not_found(play: Callable[..., None], api: CarrierApi) -> None:
    api.says("A1", Reply(error("NF", "not in our books")))

    async def act(scene: Scene) -> None:
        scene.watch("A1")
        await scene.send_due()
        assert (scene.book["A1"].not_found, scene.book["A1"].detail) == (1, "NF: not in our books")
        assert scene.poller.circuit.state is CircuitState.CLOSED

    play(act)


def test_an_answer_with_nothing_new_is_not_passed_on_again(play: Callable[..., None], api: CarrierApi) -> None:
    same = scans("A1", "TRANSIT")
    api.says("A1", Reply(body(same, requestId="r1")), Reply(body(same, requestId="r2")))

    async def act(scene: Scene) -> None:
        scene.watch("A1")
        await scene.send_due()
        await scene.send_due(2 * HOUR)
        assert len(api.asked) == 2
        assert len(scene.publisher.forwarded) == 1
        assert scene.book["A1"].news_at == NOW

    play(act)


def test_the_etag_is_sent_back_and_304_is_nothing_new(play: Callable[..., None], api: CarrierApi) -> None:
    told = {"ETag": '"v7"', "Last-Modified": "Mon, 14 Sep 2026 08:00:00 GMT"}
    api.says("A1", Reply(body(scans("A1", "TRANSIT")), headers=told))

    async def act(scene: Scene) -> None:
        scene.watch("A1")
        await scene.send_due()
        await scene.send_due(2 * HOUR)
        await scene.send_due(2 * HOUR)
        assert [asked.headers.get("if-none-match") for asked in api.asked] == [None, '"v7"', '"v7"']
        assert api.asked[1].headers["if-modified-since"] == told["Last-Modified"]
        assert len(scene.publisher.forwarded) == 1
        assert scene.book["A1"].asked == 3

    play(act)


@pytest.mark.parametrize("told", ["120", formatdate((NOW + 120 * SECOND) / 1000, usegmt=True)])
def test_retry_after_silences_the_whole_feed_for_as_long(
    play: Callable[..., None], api: CarrierApi, told: str
) -> None:
    api.says("A1", Reply(b"", 429, {"Retry-After": told}), Reply(body(scans("A1", "TRANSIT"))))

    async def act(scene: Scene) -> None:
        scene.watch("A1")
        await scene.send_due()
        scene.watch("B2")
        assert await scene.send_due() == 120 * SECOND
        await scene.send_due(120 * SECOND - 1)
        assert api.numbers() == ["A1"]
        await scene.send_due(1)
        assert sorted(api.numbers()) == ["A1", "A1", "B2"]
        assert scene.poller.circuit.state is CircuitState.CLOSED

    play(act)


def test_429_without_retry_after_is_waited_out_longer_each_time(
    play: Callable[..., None], api: CarrierApi
) -> None:
    api.says("A1", Reply(b"", 429))

    async def act(scene: Scene) -> None:
        scene.watch("A1")
        waits = [await scene.send_due() or 0]
        for _ in range(3):
            waits.append(await scene.send_due(waits[-1]) or 0)
        assert waits == sorted(waits)
        assert waits[-1] >= 2 * waits[0]
        assert len(api.asked) == 4

    play(act)


def test_failures_in_a_row_open_the_circuit_and_one_request_tries_it(
    play: Callable[..., None], api: CarrierApi
) -> None:
    api.otherwise = Reply(b"<h1>oops</h1>", 500)

    async def act(scene: Scene) -> None:
        scene.watch(*(f"N{number}" for number in range(9)))
        assert await scene.send_due() == 30 * SECOND
        assert len(api.asked) == 5
        assert scene.poller.circuit.state is CircuitState.OPEN
        await scene.send_due(30 * SECOND)
        assert len(api.asked) == 6
        api.otherwise = Reply(body(scans("X9", "TRANSIT")))
        await scene.send_due(60 * SECOND)
        assert scene.poller.circuit.state is CircuitState.CLOSED
        assert len({asked.number for asked in api.asked}) == 9
        assert [circuit.state.value for circuit in scene.publisher.circuits] == [
            "open", "half_open", "open", "half_open", "closed"
        ]

    play(act)


def test_a_single_failure_delays_its_number_alone(play: Callable[..., None], api: CarrierApi) -> None:
    api.says("A1", Reply(b"", 503), Reply(body(scans("A1", "TRANSIT"))))
    api.says("B2", Reply(body(scans("B2", "TRANSIT"))))

    async def act(scene: Scene) -> None:
        scene.watch("A1", "B2")
        wait = await scene.send_due() or 0
        assert 15 * SECOND <= wait <= 30 * SECOND
        assert scene.book["B2"].failures == 0
        await scene.send_due(wait)
        assert scene.book["A1"].status is Status.IN_TRANSIT

    play(act)


def test_an_answer_cut_short_is_asked_for_again_and_not_passed_on(
    play: Callable[..., None], api: CarrierApi
) -> None:
    whole = body(scans("A1", "TRANSIT"))
    api.says("A1", Reply(whole[:30], short_by=len(whole) - 30), Reply(whole))

    async def act(scene: Scene) -> None:
        scene.watch("A1")
        wait = await scene.send_due() or 0
        assert scene.publisher.forwarded == []
        assert scene.book["A1"].failures == 1
        await scene.send_due(wait)
        assert [response.body for response in scene.publisher.forwarded] == [whole]

    play(act)


def test_an_answer_in_the_wrong_charset_is_passed_on_as_it_is(
    play: Callable[..., None], api: CarrierApi
) -> None:
    latin = '{"shipments": [{"number": "A1", "city": "Zürich"}]}'.encode("latin-1")
    api.says("A1", Reply(latin, headers={"Content-Type": "application/json; charset=utf-8"}))

    async def act(scene: Scene) -> None:
        scene.watch("A1")
        assert await scene.send_due() == 4 * HOUR
        assert scene.publisher.forwarded[0].body == latin
        assert scene.publisher.forwarded[0].headers["content-type"] == "application/json; charset=utf-8"

    play(act)


def test_an_error_page_is_not_passed_on_and_held_against_no_number(
    play: Callable[..., None], api: CarrierApi
) -> None:
    api.says("A1", Reply(b"<html>gone</html>", 404))

    async def act(scene: Scene) -> None:
        scene.watch("A1")
        await scene.send_due()
        assert scene.publisher.forwarded == []
        assert (scene.book["A1"].not_found, scene.book["A1"].failures) == (0, 1)
        assert scene.book["A1"].detail.startswith("HTTP 404: ")

    play(act)


def test_an_answer_that_does_not_come_is_given_up(play: Callable[..., None], api: CarrierApi) -> None:
    held = threading.Event()
    api.says("A1", Reply(b"{}", held=held))

    async def act(scene: Scene) -> None:
        scene.watch("A1")
        try:
            await scene.send_due()
        finally:
            held.set()
        assert scene.book["A1"].detail == "no whole answer within 2 s"
        assert scene.book["A1"].failures == 1

    play(act)


def test_an_answer_beyond_all_measure_is_not_taken(play: Callable[..., None], api: CarrierApi) -> None:
    api.says("A1", Reply(b"x" * 200_000))

    async def act(scene: Scene) -> None:
        scene.watch("A1")
        await scene.send_due()
        assert scene.book["A1"].detail == "an answer of more than 100000 bytes"

    play(act)


def test_nobody_listening_is_a_failure_like_others(
    play: Callable[..., None], api: CarrierApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "base_url", "http://127.0.0.1:9")

    async def act(scene: Scene) -> None:
        scene.watch("A1")
        await scene.send_due()
        assert scene.book["A1"].detail.startswith("ConnectError")

    play(act)


def test_no_more_requests_go_out_than_the_rate_lets(play: Callable[..., None], api: CarrierApi) -> None:
    api.otherwise = Reply(body(scans("X9", "TRANSIT")))

    async def act(scene: Scene) -> None:
        scene.watch(*(f"N{number}" for number in range(5)))
        assert await scene.send_due() == 30 * SECOND
        assert len(api.asked) == 2
        await scene.send_due(30 * SECOND)
        assert len(api.asked) == 3

    play(act, rates="2/m")


def test_no_more_requests_are_under_way_than_declared(play: Callable[..., None], api: CarrierApi) -> None:
    held = threading.Event()
    api.otherwise = Reply(body(scans("X9", "TRANSIT")), held=held)

    async def act(scene: Scene) -> None:
        scene.watch(*(f"N{number}" for number in range(5)))
        assert await scene.poller.send_due() is None
        assert scene.poller.busy == 2
        held.set()
        await scene.send_due()
        assert len(api.asked) == 5

    play(act, concurrency=2)


def test_a_token_is_fetched_once_and_used_until_it_is_about_to_expire(
    play: Callable[..., None], api: CarrierApi
) -> None:
    api.otherwise = Reply(body(scans("X9", "TRANSIT")))
    api.token_seconds = "7260"

    async def act(scene: Scene) -> None:
        scene.watch("A1", "B2")
        await scene.send_due()
        assert api.tokens_given == 1
        assert {asked.headers["authorization"] for asked in api.asked} == {"Bearer token-1"}
        await scene.send_due(2 * HOUR)
        assert api.tokens_given == 2

    play(act, WITH_TOKENS)


def test_a_token_that_is_refused_is_renewed_once_and_the_question_put_again(
    play: Callable[..., None], api: CarrierApi
) -> None:
    api.otherwise = Reply(body(scans("X9", "TRANSIT")))

    async def act(scene: Scene) -> None:
        scene.watch("A1")
        await scene.send_due()
        api.token_in_force = "withdrawn"
        await scene.send_due(2 * HOUR)
        assert api.tokens_given == 2
        assert scene.book["A1"].asked == 2
        assert scene.book["A1"].failures == 0
        assert scene.poller.circuit.state is CircuitState.CLOSED

    play(act, WITH_TOKENS)


@pytest.mark.parametrize("how", [ONE_BY_ONE, WITH_TOKENS])
@pytest.mark.parametrize("refusal", [Reply(b"", 403), Reply(error("AUTH", "who are you?"))])
def test_credentials_that_are_refused_open_the_circuit_at_once(
    play: Callable[..., None], api: CarrierApi, how: str, refusal: Reply
) -> None:
    api.otherwise = refusal

    async def act(scene: Scene) -> None:
        scene.watch("A1", "B2", "C3")
        assert await scene.send_due() == 30 * SECOND
        assert len(api.asked) == (2 if how == WITH_TOKENS else 1)
        assert scene.poller.circuit.reason.startswith("unauthorised")
        assert scene.publisher.forwarded == []

    play(act, how)


def test_a_token_endpoint_that_refuses_us_opens_the_circuit_without_a_question(
    play: Callable[..., None], api: CarrierApi
) -> None:
    api.token_replies = [Reply(b'{"error": "invalid_client"}', 401)]

    async def act(scene: Scene) -> None:
        scene.watch("A1")
        await scene.send_due()
        assert api.asked == []
        assert scene.poller.circuit.reason == "unauthorised: the token endpoint answers 401"

    play(act, WITH_TOKENS)


def test_several_numbers_go_in_one_question_and_each_gets_its_own_answer(
    play: Callable[..., None], api: CarrierApi
) -> None:
    answer = body(scans("A1", "TRANSIT"), scans("B2", "DONE"), {"number": "C3", "error": {"code": "NF"}})
    api.together = [Reply(answer)]

    async def act(scene: Scene) -> None:
        scene.watch("A1", "B2", "C3")
        await scene.send_due()
        assert [asked.numbers for asked in api.asked] == [["A1", "B2", "C3"]]
        assert [response.body for response in scene.publisher.forwarded] == [answer]
        assert scene.book["A1"].status is Status.IN_TRANSIT
        assert scene.book["B2"].ended is PollEnd.SETTLED
        assert (scene.book["C3"].not_found, scene.book["C3"].detail) == (1, "NF")

    play(act, TOGETHER)


def test_news_of_one_number_are_none_of_its_neighbour(play: Callable[..., None], api: CarrierApi) -> None:
    api.together = [
        Reply(body(scans("A1", "TRANSIT"), scans("B2", "TRANSIT"))),
        Reply(body(scans("A1", "TRANSIT", "TRANSIT"), scans("B2", "TRANSIT"))),
    ]

    async def act(scene: Scene) -> None:
        scene.watch("A1", "B2")
        await scene.send_due()
        await scene.send_due(2 * HOUR)
        assert scene.book["A1"].news_at == NOW + 2 * HOUR
        assert scene.book["B2"].news_at == NOW
        assert len(scene.publisher.forwarded) == 2

    play(act, TOGETHER)


def test_a_question_refused_for_several_is_put_for_each_alone(
    play: Callable[..., None], api: CarrierApi
) -> None:
    api.together = [Reply(error("BAD", "one of them is no number"), 400), Reply(body(scans("A1", "TRANSIT")))]

    async def act(scene: Scene) -> None:
        scene.watch("A1", "B2")
        wait = await scene.send_due() or 0
        assert scene.poller.circuit.state is CircuitState.CLOSED
        assert scene.book["A1"].not_found == 0
        await scene.send_due(wait)
        assert [asked.numbers for asked in api.asked] == [["A1", "B2"], ["A1"], ["B2"]]

    play(act, TOGETHER)


def test_what_does_not_reach_kafka_is_asked_for_again_and_the_cursor_stays(
    play: Callable[..., None], api: CarrierApi
) -> None:
    api.says("A1", Reply(body(scans("A1", "TRANSIT"))))

    async def act(scene: Scene) -> None:
        scene.watch("A1")
        scene.publisher.fails = 1
        assert await scene.send_due() == UNSAVED_RETRY_MS
        assert scene.publisher.calls == []
        assert scene.book["A1"].asked == 0
        await scene.send_due(UNSAVED_RETRY_MS)
        assert scene.publisher.calls == ["forward acme", "save 1"]

    play(act)


def test_a_stop_hears_out_what_is_under_way(play: Callable[..., None], api: CarrierApi) -> None:
    held = threading.Event()
    api.says("A1", Reply(body(scans("A1", "TRANSIT")), held=held))

    async def act(scene: Scene) -> None:
        stopping = asyncio.Event()
        scene.watch("A1")
        running = asyncio.create_task(scene.poller.run(stopping))
        while not api.asked:
            await asyncio.sleep(0.01)
        stopping.set()
        scene.poller.wake.set()
        await running
        held.set()
        await scene.poller.close(5)
        assert scene.publisher.calls == ["forward acme", "save 1"]

    play(act)


def test_a_number_an_answer_for_several_leaves_out_has_no_news(play: Callable[..., None], api: CarrierApi) -> None:
    api.together = [Reply(body(scans("A1", "TRANSIT")))]

    async def act(scene: Scene) -> None:
        scene.watch("A1", "B2")
        await scene.send_due()
        assert (scene.book["B2"].news_at, scene.book["B2"].not_found) == (None, 0)
        assert scene.book["B2"].detail == "the answer does not mention it"

    play(act, TOGETHER)


def test_while_kafka_takes_nothing_the_carrier_is_left_alone(play: Callable[..., None], api: CarrierApi) -> None:
    api.otherwise = Reply(body(scans("X9", "TRANSIT")))

    async def act(scene: Scene) -> None:
        scene.watch(*(f"N{number}" for number in range(9)))
        scene.publisher.fails = 3
        for _ in range(3):
            await scene.send_due(UNSAVED_RETRY_MS)
        assert len(api.asked) == 3

    play(act)


def test_after_a_restart_the_days_questions_count(api: CarrierApi, tmp_path: Path) -> None:
    async def main() -> None:
        one = carrier(tmp_path, api.base_url, rates="3/d")
        book = ScheduleBook("acme", "acme", one.plan.schedule)
        for number in ("A1", "B2"):
            book.claim(number, NOW, NOW)
            book.put(replace(book[number], asked_at=NOW - HOUR, due_at=NOW), NOW)
        poller = Poller(one, CarrierClient(one, 1000, lambda: NOW), book, FakePublisher(), lambda: NOW)
        await poller.send_due()
        await poller.idle()
        assert (await poller.send_due() or 0) > HOUR
        await poller.close(1)

    asyncio.run(main())
    assert len(api.asked) == 1


def test_a_number_we_cannot_even_ask_for_does_not_hold_up_the_others(
    play: Callable[..., None], api: CarrierApi, caplog: pytest.LogCaptureFixture
) -> None:
    api.says("B2", Reply(body(scans("B2", "TRANSIT"))))

    async def act(scene: Scene) -> None:
        scene.watch("\ud800", "B2")
        await scene.send_due()
        assert scene.book["B2"].status is Status.IN_TRANSIT
        assert scene.book["\ud800"].detail.startswith("UnicodeEncodeError")
        assert r"acme: polling for '\ud800' ends with a fault of ours" in caplog.text
        assert scene.poller.circuit.state is CircuitState.CLOSED

    play(act)
