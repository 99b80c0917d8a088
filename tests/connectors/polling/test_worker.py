"""A poller against a carrier's API: when it asks, what it passes on, and when it stops. Only a test moves the clock."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from connectors.polling.client import CarrierClient
from connectors.polling.schedule_book import KnownStatus, ScheduleBook
from connectors.polling.worker import UNSAVED_RETRY_MS, Poller
from streams.kernel.vocabulary import PollEnd, Status
from streams.resilience.circuit_breaker import CircuitState
from tests.fakes.carrier_api import CarrierApi, Reply, body, carrier, error, scans
from tests.fakes.publisher import FakePublisher
from tests.support.polling_scene import DAY, HOUR, MINUTE, NOW, Scene


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
