"""Redis behind TLS, with a private authority, a client certificate and a login."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from connectors.embedded import valkey
from connectors.embedded.ports import listens, unused
from connectors.gateway.stored_responses import StoredResponse, StoredResponses, fingerprint
from connectors.polling.redis_mirror import RedisMirror
from streams.resilience.circuit_breaker import Circuit
from tests.support.certificates import PASSWORD as KEY_PASSWORD
from tests.support.certificates import Authority
from tests.support.tls_front import tls_front
from tests.support.waiting import PATIENCE, eventually

PASSWORD = "a secret of a test"
KEPT = StoredResponse(fingerprint(b"body"), 202, {"told": 1})


@pytest.fixture(autouse=True)
def on_a_slow_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handshake may take longer here than a request may wait for it."""
    for module in ("connectors.gateway.stored_responses", "connectors.polling.redis_mirror"):
        monkeypatch.setattr(f"{module}.ANSWER_SECONDS", PATIENCE)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def secured(authority: Authority, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The settings to reach it."""
    (port,) = unused()
    ours = authority.sign("ours", protected=True)
    with subprocess.Popen(
        [*valkey.command(port), "--requirepass", PASSWORD], cwd=tmp_path, stdout=subprocess.DEVNULL
    ) as process:
        eventually(lambda: listens(port))
        with tls_front(authority, port) as front:
            yield {
                "redis_url": f"rediss://127.0.0.1:{front}/0", "redis_password": PASSWORD,
                "redis_ca": authority.certificate, "redis_certificate": ours.certificate, "redis_key": ours.key,
                "redis_key_password": KEY_PASSWORD,
            }
        process.kill()


def remembered(settings: Settings) -> bool:
    """Whether one process finds in Redis what another stored."""

    async def play() -> bool:
        one, other = StoredResponses(settings.redis, 60), StoredResponses(settings.redis, 60)
        await one.keep("n", KEPT)
        found = await other.begin("n", b"body")
        await one.close()
        await other.close()
        return found == KEPT

    return asyncio.run(play())


def mirrored(settings: Settings) -> bool:
    async def play() -> bool:
        mirror = RedisMirror(settings.redis)
        kept = await mirror.keep_circuit("acme", Circuit()) and await mirror.circuits() == {"acme": Circuit()}
        await mirror.close()
        return kept

    return asyncio.run(play())


def test_gateway_and_pollers_reach_it(secured: dict[str, Any]) -> None:
    settings = Settings(_env_file=None, **secured)
    assert mirrored(settings)
    assert remembered(settings)


def test_a_login_in_the_url_counts_too(secured: dict[str, Any]) -> None:
    url = secured["redis_url"].replace("rediss://", f"rediss://:{PASSWORD.replace(' ', '%20')}@")
    assert mirrored(Settings(_env_file=None, **{**secured, "redis_url": url, "redis_password": None}))


@pytest.mark.parametrize("change", [
    {"redis_password": "another"},
    {"redis_ca": None},
    {"redis_certificate": None, "redis_key": None},
], ids=["a wrong password", "another authority", "no certificate"])
def test_it_does_without_redis_where_one_of_them_is_wrong(
    change: dict[str, Any], secured: dict[str, Any], caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = Settings(_env_file=None, **{**secured, **change})
    assert not mirrored(settings)
    assert not remembered(settings)
    shown = caplog.text + "".join(capsys.readouterr())
    assert PASSWORD not in shown
    assert "another" not in shown
