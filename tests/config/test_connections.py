"""Settings of connections: they fit together, and say what each client needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.setting_group import SettingsError
from config.settings import Settings

LOGIN = {"kafka_protocol": "sasl_ssl", "kafka_username": "us", "kafka_password": "geheim"}


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    path = tmp_path / "some.pem"
    path.write_text("made up")
    return path


def made(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)


def refused(**given: Any) -> str:
    with pytest.raises(SettingsError) as raised:
        made(**given)
    [fault] = raised.value.faults
    assert "geheim" not in fault
    return fault


def test_without_any_kafka_is_spoken_to_openly() -> None:
    assert made(bootstrap="k:1").kafka.librdkafka() == {"bootstrap.servers": "k:1", "security.protocol": "plaintext"}


def test_a_login_over_tls(pem: Path) -> None:
    assert made(bootstrap="k:1", kafka_ca=pem, **LOGIN).kafka.librdkafka() == {
        "bootstrap.servers": "k:1", "security.protocol": "sasl_ssl", "ssl.ca.location": str(pem),
        "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "us", "sasl.password": "geheim",
    }


def test_a_client_certificate(pem: Path) -> None:
    found = made(
        kafka_protocol="ssl", kafka_certificate=pem, kafka_key=pem, kafka_key_password="geheim"
    ).kafka.librdkafka()
    assert found["ssl.certificate.location"] == found["ssl.key.location"] == str(pem)
    assert found["ssl.key.password"] == "geheim"


def test_further_settings_count_before_those_of_ours_but_for_passwords() -> None:
    further = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanisms": "PLAIN", "sasl.password": "other"}
    found = made(kafka_config=further, **LOGIN).kafka.librdkafka()
    assert found["security.protocol"] == "SASL_PLAINTEXT"
    assert (found["sasl.mechanism"], found["sasl.password"]) == ("PLAIN", "geheim")
    assert "sasl.mechanisms" not in found


@pytest.mark.parametrize(("given", "names"), [
    ({"kafka_username": "us"}, "SHIPSYNC_KAFKA_PROTOCOL"),
    ({"kafka_password": "geheim"}, "SHIPSYNC_KAFKA_PROTOCOL"),
    ({"kafka_protocol": "sasl_ssl", "kafka_username": "us"}, "SHIPSYNC_KAFKA_PASSWORD"),
    ({"kafka_protocol": "sasl_ssl", "kafka_password": "geheim"}, "SHIPSYNC_KAFKA_USERNAME"),
    ({"kafka_protocol": "tls"}, "SHIPSYNC_KAFKA_PROTOCOL"),
    ({"kafka_mechanism": "GSSAPI"}, "SHIPSYNC_KAFKA_MECHANISM"),
    ({"kafka_protocol": "ssl", "kafka_ca": "/nowhere/geheim.pem"}, "SHIPSYNC_KAFKA_CA"),
    ({"registry_url": "ftp://registry"}, "SHIPSYNC_REGISTRY_URL"),
    ({"registry_url": "registry:8081"}, "SHIPSYNC_REGISTRY_URL"),
    ({"redis_url": "redis://:ge/geheim@redis/0"}, "SHIPSYNC_REDIS_URL"),
    ({"redis_url": "http://redis"}, "SHIPSYNC_REDIS_URL"),
])
def test_what_cannot_work_is_refused_by_the_name_of_the_setting(given: dict[str, Any], names: str) -> None:
    assert refused(**given).startswith(f"{names}: ")


@pytest.mark.parametrize(("given", "names"), [
    ({"kafka_ca": True}, "SHIPSYNC_KAFKA_PROTOCOL"),
    ({"kafka_protocol": "ssl", "kafka_certificate": True}, "SHIPSYNC_KAFKA_KEY"),
    ({"registry_ca": True}, "SHIPSYNC_REGISTRY_URL"),
    ({"registry_url": "https://r", "registry_key": True}, "SHIPSYNC_REGISTRY_CERTIFICATE"),
    ({"redis_ca": True}, "SHIPSYNC_REDIS_URL"),
    ({"redis_url": "rediss://r", "redis_certificate": True}, "SHIPSYNC_REDIS_KEY"),
])
def test_files_that_would_have_no_effect_are_refused(given: dict[str, Any], names: str, pem: Path) -> None:
    told = {name: pem if value is True else value for name, value in given.items()}
    assert refused(**told).startswith(f"{names}: ")


def test_a_login_at_the_registry_stands_beside_its_url_or_in_it() -> None:
    for given in (
        {"registry_url": "https://r/apis", "registry_username": "us", "registry_password": "geheim"},
        {"registry_url": "https://us:geheim@r/apis"},
    ):
        assert made(**given).registry.client() == {"url": "https://r/apis", "basic.auth.user.info": "us:geheim"}


def test_the_registry_gets_its_certificates(pem: Path) -> None:
    given = {f"registry_{name}": pem for name in ("ca", "certificate", "key")}
    found = made(registry_url="https://r", registry_key_password="geheim", **given).registry.client()
    assert found == {
        "url": "https://r", "ssl.ca.location": str(pem), "ssl.certificate.location": str(pem),
        "ssl.key.location": str(pem), "ssl.key.password": "geheim",
    }


def test_redis_is_verified_where_it_has_tls(pem: Path) -> None:
    found = made(redis_url="rediss://us:ge%2Fheim@r:1/0", redis_ca=pem).redis.client()
    assert found == {
        "url": "rediss://r:1/0", "username": "us", "password": "ge/heim", "ssl_ca_certs": str(pem),
        "ssl_cert_reqs": "required", "ssl_check_hostname": True,
    }
    assert made(redis_url="redis://r:1/0").redis.client() == {
        "url": "redis://r:1/0", "username": None, "password": None
    }


def test_an_empty_file_name_is_none() -> None:
    assert made(kafka_ca="", redis_certificate="", redis_key="").kafka.ca is None
