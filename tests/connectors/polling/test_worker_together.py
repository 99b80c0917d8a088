"""A poller against an API that is asked for several numbers in one request."""

from __future__ import annotations

from collections.abc import Callable

from streams.kernel.vocabulary import PollEnd, Status
from streams.resilience.circuit_breaker import CircuitState
from tests.fakes.carrier_api import TOGETHER, CarrierApi, Reply, body, error, scans
from tests.support.polling_scene import HOUR, NOW, Scene


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


def test_a_number_an_answer_for_several_leaves_out_has_no_news(play: Callable[..., None], api: CarrierApi) -> None:
    api.together = [Reply(body(scans("A1", "TRANSIT")))]

    async def act(scene: Scene) -> None:
        scene.watch("A1", "B2")
        await scene.send_due()
        assert (scene.book["B2"].news_at, scene.book["B2"].not_found) == (None, 0)
        assert scene.book["B2"].detail == "the answer does not mention it"

    play(act, TOGETHER)
