"""Secrets from files, as Docker and Kubernetes mount them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from config.setting_group import SettingsError
from config.settings import SETTINGS, Settings, load


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def secret(tmp_path: Path, content: bytes = b"geheim") -> str:
    path = tmp_path / "secret"
    path.write_bytes(content)
    return str(path)


def fault(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as raised:
        load()
    [found] = raised.value.faults
    assert "geheim" not in found
    return found


def test_every_secret_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    names = [one.name for one in SETTINGS.values() if "SecretStr" in str(one.info.annotation)]
    assert {"kafka_password", "redis_password", "push_secrets", "api_keys", "poll_credentials"} <= set(names)
    for name in names:
        monkeypatch.setenv(f"SHIPSYNC_{name.upper()}_FILE", secret(tmp_path))
    monkeypatch.setenv("SHIPSYNC_KAFKA_PROTOCOL", "sasl_ssl")
    monkeypatch.setenv("SHIPSYNC_KAFKA_USERNAME", "us")
    found = load()
    assert {found.value(name).get_secret_value() for name in names} == {"geheim"}
    assert set(names) <= found.given


def test_a_url_and_further_kafka_settings_may_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHIPSYNC_REDIS_URL_FILE", secret(tmp_path, b"redis://:geheim@redis:6379/0\n"))
    assert load().redis.url == "redis://:geheim@redis:6379/0"
    monkeypatch.setenv("SHIPSYNC_KAFKA_CONFIG_FILE", secret(tmp_path, b'{"client.rack": "a"}'))
    monkeypatch.delenv("SHIPSYNC_REDIS_URL_FILE")
    assert load().kafka.config == {"client.rack": "a"}


@pytest.mark.parametrize("content", [b"geheim\n", b"geheim\r\n", b"geheim"])
def test_the_line_end_behind_it_does_not_count(content: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHIPSYNC_REDIS_PASSWORD_FILE", secret(tmp_path, content))
    password = load().redis.password
    assert password is not None
    assert password.get_secret_value() == "geheim"


def test_blanks_in_it_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHIPSYNC_REDIS_PASSWORD_FILE", secret(tmp_path, b" ge heim \n"))
    password = load().redis.password
    assert password is not None
    assert password.get_secret_value() == " ge heim "


def test_a_secret_and_its_file_are_one_too_many(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = fault(monkeypatch, SHIPSYNC_API_KEYS="geheim", SHIPSYNC_API_KEYS_FILE=secret(tmp_path))
    assert told == "SHIPSYNC_API_KEYS_FILE: SHIPSYNC_API_KEYS is set too; keep one of them"


def test_so_are_one_in_the_environment_and_one_in_the_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SHIPSYNC_API_KEYS=geheim\n")
    assert "is set too" in fault(monkeypatch, SHIPSYNC_API_KEYS_FILE=secret(tmp_path))


def test_a_file_named_in_the_env_file_counts(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"SHIPSYNC_REDIS_PASSWORD_FILE={secret(tmp_path)}\n")
    assert load().files == {"redis_password": tmp_path / "secret"}


@pytest.mark.parametrize(("content", "means"), [
    (b"", "empty"), (b" \n", "empty"), (b"\xff\xfe", "no UTF-8"), (b"x" * (1024 * 1024 + 1), "more than"),
])
def test_a_file_without_a_usable_text_is_refused(
    content: bytes, means: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = fault(monkeypatch, SHIPSYNC_API_KEYS_FILE=secret(tmp_path, content))
    assert told.startswith("SHIPSYNC_API_KEYS_FILE: ")
    assert means in told


def test_a_secret_given_in_place_of_its_file_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    told = fault(monkeypatch, SHIPSYNC_API_KEYS_FILE='{"orders": "geheim"}')
    assert told == "SHIPSYNC_API_KEYS_FILE: the file cannot be read (No such file or directory)"


def test_what_is_no_file_is_refused_and_not_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "no file" in fault(monkeypatch, SHIPSYNC_API_KEYS_FILE=str(tmp_path / "pipe"))


def test_a_setting_that_is_no_secret_has_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert "unknown" in fault(monkeypatch, SHIPSYNC_PARTITIONS_FILE=secret(tmp_path))


def test_a_copy_with_another_value_has_it_from_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHIPSYNC_REDIS_URL_FILE", secret(tmp_path, b"redis://redis/0"))
    assert Settings().replace(redis_url="redis://other/0").files == {}
