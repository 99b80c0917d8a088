"""A process tells its health and metrics over HTTP."""

from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import HTTPError

import pytest

from config.settings import Settings
from connectors.embedded.broker import EmbeddedBroker, free_port
from streams.kernel.errors import Fatal
from tests.support.clock import FakeClock
from topologies.runtime.watching.health import KNOWN_SECONDS, Health, broker, serve, starting


@contextmanager
def served(health: Health) -> Iterator[str]:
    port = free_port()
    server = serve(Settings(_env_file=None, metrics_port=port), health)
    assert server is not None
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        server.server_close()


def asked(url: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except HTTPError as error:
        return error.code, json.loads(error.read())


def test_a_process_is_alive_while_its_loop_turns_and_ready_while_nothing_is_missing() -> None:
    clock, missing = FakeClock(0), ["2 partitions are being restored"]
    health = Health(clock)
    health.expect("restored", lambda: missing[0] if missing else None)
    with served(health) as url:
        assert asked(f"{url}/livez") == (200, {"status": "ok"})
        told = {"restored": "2 partitions are being restored"}
        assert asked(f"{url}/readyz") == (503, {"status": "failing", "missing": told})
        missing.clear()
        assert asked(f"{url}/readyz?verbose=1") == (200, {"status": "ok"})
        health.expect_beats(30)
        clock.advance(30)
        assert asked(f"{url}/livez")[0] == 200
        clock.advance(1)
        told = {"loop": "it has not turned for 31 s"}
        for path in ("livez", "readyz"):
            assert asked(f"{url}/{path}") == (503, {"status": "failing", "missing": told})
        health.beat()
        assert asked(f"{url}/readyz")[0] == 200


def test_what_is_only_mentioned_is_told_with_the_readiness_and_not_with_life() -> None:
    health, paused = Health(), ["ups"]
    health.mention("paused", lambda: paused)
    with served(health) as url:
        assert asked(f"{url}/readyz") == (200, {"status": "ok", "paused": ["ups"]})
        assert asked(f"{url}/livez") == (200, {"status": "ok"})
        health.expect("stage", starting)
        told = {"status": "failing", "missing": {"stage": "it is starting"}, "paused": ["ups"]}
        assert asked(f"{url}/readyz") == (503, told)
        paused.clear()
        assert "paused" not in asked(f"{url}/readyz")[1]


def test_one_that_starts_is_alive_and_not_ready() -> None:
    health = Health()
    health.expect("stage", starting)
    assert (health.not_alive(), health.not_ready()) == ({}, {"stage": "it is starting"})


def test_a_check_takes_the_place_of_one_of_its_name() -> None:
    health = Health()
    health.expect("stage", starting)
    health.expect("stage", lambda: None)
    assert health.not_ready() == {}


def test_metrics_are_beside_and_nothing_else_is_there() -> None:
    with served(Health()) as url:
        with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:
            assert b"python_info" in answer.read()
        for path in ("", "/", "/health", "/livez/x", "/../etc/passwd"):
            assert asked(url + path)[0] == 404


@pytest.mark.parametrize("method", ["POST", "DELETE", "BREW"])
def test_it_is_asked_with_get_only(method: str) -> None:
    with served(Health()) as url, pytest.raises(HTTPError) as raised:
        urllib.request.urlopen(urllib.request.Request(f"{url}/livez", method=method), timeout=30)
    assert raised.value.code == 501


def test_a_taken_port_is_told_with_its_setting_and_none_is_none() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(Fatal, match="SHIPSYNC_METRICS_PORT"):
        serve(Settings(_env_file=None, metrics_port=other.getsockname()[1]), Health())
    assert serve(Settings(_env_file=None, metrics_port=0), Health()) is None


def test_without_a_broker_that_is_said_and_asked_again_only_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("topologies.runtime.watching.health.ASK_SECONDS", 0.2)
    clock = FakeClock(0)
    check = broker(Settings(_env_file=None, bootstrap="127.0.0.1:1"), clock)
    told = check()
    assert told is not None
    assert "127.0.0.1:1" in told
    monkeypatch.setattr("topologies.runtime.watching.health.TopicAdmin.wait", lambda *_: True)
    assert check() == told
    clock.advance(KNOWN_SECONDS)
    assert check() is None


@pytest.mark.broker
def test_a_broker_that_answers_is_not_missing() -> None:
    with EmbeddedBroker() as running:
        assert broker(Settings(_env_file=None, bootstrap=running.bootstrap))() is None
