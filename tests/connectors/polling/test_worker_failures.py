"""A poller against an API that fails, slows down or refuses: what it waits for, and which numbers it delays."""

from __future__ import annotations

import threading
from collections.abc import Callable
from email.utils import formatdate

import pytest

from streams.kernel.vocabulary import Status
from streams.resilience.circuit_breaker import CircuitState
from tests.fakes.carrier_api import CarrierApi, Reply, body, scans
from tests.support.polling_scene import HOUR, NOW, SECOND, Scene


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
