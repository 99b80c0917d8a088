"""The embedded services as children of a stack."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from config.settings import Settings
from connectors.embedded.ports import unused
from streams.kernel.errors import Fatal
from topologies.local_stack import services
from topologies.local_stack.services import children, on_free_ports, on_ports


def test_services_take_consecutive_ports() -> None:
    settings = on_ports(Settings(), [21000, 21001, 21002, 21003, 21004])
    assert (settings.gateway.port, settings.portal.port) == (21003, 21004)
    assert (settings.kafka.bootstrap, settings.registry.url, settings.redis.url) == (
        "127.0.0.1:21000", "http://127.0.0.1:21001", "redis://127.0.0.1:21002/0"
    )


@pytest.mark.broker
def test_broker_valkey_and_registry_are_started_in_this_order(tmp_path: Path) -> None:
    specs = children(on_free_ports(Settings(data_dir=tmp_path)))
    assert [spec.name for spec in specs] == ["broker", "valkey", "registry"]
    assert [spec.essential for spec in specs] == [True, False, False]
    assert not any(spec.ready() for spec in specs)


def test_the_services_get_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIPSYNC_PUSH_SECRETS", '{"ups": "geheim"}')
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "geheim")
    monkeypatch.setenv("PATH", "/bin")
    settings = on_free_ports(Settings(
        _env_file=None, data_dir=tmp_path, api_keys='{"orders": "geheim"}', kafka_password="geheim",
        kafka_protocol="sasl_ssl", kafka_username="us",
        kafka_config={"ssl.key.password": "geheim"}, poll_credentials='{"ups": "geheim"}',
    ))
    for spec in children(settings):
        found = {**spec.inherited(), **spec.env}
        assert "geheim" not in str(found), spec.name
        assert found["PATH"] == "/bin"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bootstrap", "kafka.example.com:9092"), ("registry_url", "https://registry.example.com"),
        ("redis_url", "redis://cache.example.com:6379"),
    ],
)
def test_an_address_elsewhere_is_fatal_and_names_the_way_out(name: str, value: str) -> None:
    with pytest.raises(Fatal, match=f"SHIPSYNC_{name.upper()} names .*not this machine.*--external"):
        children(on_free_ports(Settings()).replace(**{name: value}))


def test_an_address_without_a_port_is_fatal() -> None:
    with pytest.raises(Fatal, match="SHIPSYNC_BOOTSTRAP names no port"):
        children(on_free_ports(Settings()).replace(bootstrap="localhost"))


def test_a_taken_port_is_fatal_and_tells_both_ways_to_change_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = on_free_ports(Settings()).replace(redis_url=f"redis://localhost:{port}/0")
        with pytest.raises(Fatal, match=f"port {port} is taken.*SHIPSYNC_REDIS_URL.*--ports"):
            children(settings)


def test_the_embedded_broker_gets_short_sessions() -> None:
    assert services.for_the_embedded_broker(Settings()).stage.session_timeout == services.SESSION_SECONDS
    assert len(unused(services.PORTS)) == services.PORTS


def test_a_gateway_only_this_machine_reaches_takes_unsigned_pushes() -> None:
    assert services.with_an_open_gateway(Settings()).gateway.open == ("*",)


@pytest.mark.parametrize(
    "settings", [Settings(host="0.0.0.0"), Settings(gateway_open=()), Settings(gateway_open=("acme",))]
)
def test_a_gateway_that_others_can_reach_keeps_its_settings(settings: Settings) -> None:
    assert services.with_an_open_gateway(settings) == settings


def test_a_stack_only_this_machine_reaches_sends_to_private_addresses() -> None:
    assert services.with_private_endpoints(Settings()).outbound.private_addresses
    assert not services.with_private_endpoints(Settings(host="0.0.0.0")).outbound.private_addresses
    assert not services.with_private_endpoints(Settings(outbound_private_addresses=False)).outbound.private_addresses
