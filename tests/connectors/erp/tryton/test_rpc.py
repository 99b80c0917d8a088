"""Calls of a Tryton: what each answer means, and that a session that ended is begun anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from connectors.erp.tryton.rpc import RpcConflict, RpcLost, RpcRefused, RpcWarning, TrytonRpc

Answers = Callable[[httpx.Request], httpx.Response]


def called(answers: Answers) -> Any:
    """The result of one call, after signing in."""
    def answer(request: httpx.Request) -> httpx.Response:
        if b"common.db.login" in request.content:
            return httpx.Response(200, json={"id": 0, "result": [1, "token", None]})
        if b"get_preferences" in request.content:
            return httpx.Response(200, json={"id": 0, "result": {"company": 1}})
        return answers(request)

    async def call() -> Any:
        rpc = TrytonRpc(
            "http://t/", "my db", "u", "hush", timeout=5, most_connections=1, transport=httpx.MockTransport(answer)
        )
        try:
            return await rpc.call("model.x.read", [1])
        finally:
            await rpc.close()

    return asyncio.run(call())


def test_a_call_goes_to_the_database_with_the_users_context() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.raw_path == b"/my%20db/rpc/"
        assert b'"company":1' in request.content.replace(b" ", b"")
        assert b"hush" not in request.content
        return httpx.Response(200, json={"id": 0, "result": [7]})

    assert called(answer) == [7]


def test_a_session_that_ended_is_begun_anew() -> None:
    answers = iter([httpx.Response(401), httpx.Response(200, json={"id": 0, "result": "done"})])
    assert called(lambda _: next(answers)) == "done"


@pytest.mark.parametrize(("error", "kind", "text"), [
    (["UserError", ["No stock.", "Really.", None]], RpcRefused, "No stock. Really."),
    (["UserWarning", ["x.no_carrier", "Sure?", ""]], RpcWarning, "Sure?"),
    (["ConcurrencyException", "changed"], RpcConflict, "the record was changed meanwhile"),
    (["KeyError: 'x'", "Traceback"], RpcLost, "the server failed: KeyError: 'x'"),
    ("nonsense", RpcLost, "the server failed"),
])
def test_an_error_is_what_tryton_means_by_it(error: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind) as raised:
        called(lambda _: httpx.Response(200, json={"id": 0, "error": error}))
    assert str(raised.value) == text


@pytest.mark.parametrize(("answer", "was_sent"), [
    (httpx.Response(502), True), (httpx.Response(504), True), (httpx.Response(200, text="<html>"), True),
    (httpx.Response(200, json=[1]), True), (httpx.Response(429), False),
    (httpx.ConnectError("refused"), False), (httpx.ConnectTimeout("slow"), False), (httpx.ReadTimeout("slow"), True),
    (httpx.RemoteProtocolError("closed"), True), (httpx.Response(401), False),
])
def test_without_an_answer_it_says_whether_the_server_can_have_done_it(
    answer: httpx.Response | Exception, was_sent: bool
) -> None:
    def give(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(RpcLost) as raised:
        called(give)
    assert raised.value.was_sent is was_sent


def test_a_server_that_asks_for_patience_says_until_when() -> None:
    with pytest.raises(RpcLost) as raised:
        called(lambda _: httpx.Response(503, headers={"retry-after": "30"}))
    assert raised.value.retry_at is not None
