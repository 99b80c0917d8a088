"""Settings: by group, by flat name, from the environment; what is wrong or unknown is refused, secrets unseen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.setting_group import SettingsError
from config.settings import GROUPS, NOT_SETTINGS, SETTINGS, Processing, Settings, load
from tests.support.sources import committed_files, label

NAME = re.compile(r"\bSHIPSYNC_[A-Z0-9_]*[A-Z0-9]\b")
EXAMPLES = {"SHIPSYNC_X", "SHIPSYNC_PARTITION", "SHIPSYNC_REDIS", "SHIPSYNC_REGISTRY", "SHIPSYNC_KAFKA"}
"""Names that other tests use as some variable or as a wrong one, and beginnings of names."""
OWN = {"tests/config/test_settings.py", "tests/config/test_setting_files.py"}


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def faults(monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[str]:
    """The faults :func:`load` finds in these variables."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match="Wrong settings:") as raised:
        load()
    assert all(fault in str(raised.value) for fault in raised.value.faults)
    return list(raised.value.faults)


def test_flat_names_are_the_variables_and_each_stands_in_one_group() -> None:
    assert SETTINGS["gateway_port"].variable == "SHIPSYNC_GATEWAY_PORT"
    assert SETTINGS["kafka_config"].variable == "SHIPSYNC_KAFKA_CONFIG"
    assert len(SETTINGS) == sum(len(kind.model_fields) for kind in GROUPS.values())
    assert Settings(gateway_port=1, kafka_config={"a": "b"}).gateway.port == 1


def test_every_variable_reaches_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    given = Settings(
        bootstrap="kafka:1", kafka_config={"a": "b"}, kafka_protocol="sasl_ssl", kafka_username="u",
        kafka_password="s", processing="exactly_once", partitions=7,
        gateway_port=8, gateway_open=("ups", "dhl"), push_secrets="{}", drop_dir="/drop", poll_credentials="{}",
        redis_url="redis://there", data_dir="/data", log_level="debug", feeds="ups, dhl", alerts_file="a.yaml",
    )
    for name in given.given:
        value = given.value(name)
        text = value.get_secret_value() if SETTINGS[name].secret and hasattr(value, "get_secret_value") else value
        text = ",".join(text) if isinstance(text, tuple) else text
        monkeypatch.setenv(SETTINGS[name].variable, '{"a": "b"}' if isinstance(text, dict) else str(text))
    assert load() == given
    assert load().given == given.given
    assert given.stage.processing is Processing.EXACTLY_ONCE
    assert given.intake.feeds == ("ups", "dhl")


def test_the_environment_counts_before_the_file_and_what_is_given_before_both(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("SHIPSYNC_PARTITIONS=2\nSHIPSYNC_REPLICATION=2\nSHIPSYNC_POISON_AFTER=2\n")
    monkeypatch.setenv("SHIPSYNC_REPLICATION", "3")
    monkeypatch.setenv("SHIPSYNC_POISON_AFTER", "3")
    found = Settings(poison_after=4)
    assert (found.kafka.partitions, found.kafka.replication, found.stage.poison_after) == (2, 3, 4)
    assert Settings(_env_file=None).kafka.partitions == 4


def test_a_copy_differs_in_what_was_changed_alone() -> None:
    first = Settings(partitions=2)
    second = first.replace(gateway_port=9)
    assert (second.gateway.port, second.kafka.partitions) == (9, 2)
    assert second.given == {"partitions", "gateway_port"}
    assert second.replace(gateway_port=first.gateway.port) == first


def test_a_flat_name_that_is_none_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError, match="no settings: partition"):
        Settings(partition=2)


@pytest.mark.parametrize(("name", "near"), [
    ("SHIPSYNC_PARTITION", "SHIPSYNC_PARTITIONS"),
    ("SHIPSYNC_GATEWAY_PROT", "SHIPSYNC_GATEWAY_PORT"),
    ("SHIPSYNC_BOOTSTRAP_SERVERS", "SHIPSYNC_BOOTSTRAP"),
    ("shipsync_api_key", "SHIPSYNC_API_KEYS"),
])
def test_an_unknown_setting_is_refused_with_the_nearest_name(
    name: str, near: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert faults(monkeypatch, **{name: "geheim"}) == [f"{name.upper()}: unknown; did you mean {near}?"]


def test_an_unknown_setting_in_the_file_is_refused_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SHIPSYNC_PARTITION=2\nOTHER=1\n")
    assert faults(monkeypatch) == ["SHIPSYNC_PARTITION: unknown; did you mean SHIPSYNC_PARTITIONS?"]


def test_where_no_name_is_near_all_are_pointed_at(monkeypatch: pytest.MonkeyPatch) -> None:
    [fault] = faults(monkeypatch, SHIPSYNC_QQQQ="1")
    assert "shipsync settings --markdown" in fault


def test_variables_that_kubernetes_sets_are_told_from_misspelt_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    [fault] = faults(monkeypatch, SHIPSYNC_WEB_SERVICE_HOST="10.0.0.1")
    assert "enableServiceLinks: false" in fault


def test_every_fault_is_named_at_once_and_no_secret_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    found = faults(
        monkeypatch, SHIPSYNC_PARTITION="2", SHIPSYNC_PARTITIONS="none", SHIPSYNC_LOG_LEVEL="LOUD",
        SHIPSYNC_GATEWAY_TRUSTED_PROXIES="nowhere", SHIPSYNC_KAFKA_CONFIG='{"sasl.password": "geheim"',
    )
    assert [fault.partition(":")[0] for fault in found] == [
        "SHIPSYNC_PARTITION", "SHIPSYNC_KAFKA_CONFIG", "SHIPSYNC_PARTITIONS", "SHIPSYNC_LOG_LEVEL",
        "SHIPSYNC_GATEWAY_TRUSTED_PROXIES",
    ]
    assert "valid integer" in found[2]
    assert "JSON object" in found[1]
    assert "none" not in found[2]
    assert "nowhere" not in found[4]
    assert "geheim" not in "".join(found)


@pytest.mark.parametrize("text", ["", "[]", "7", '{"a": {"b": "geheim"}}', '{"a":' * 50_000])
def test_kafka_config_is_a_json_object_of_texts(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    [fault] = faults(monkeypatch, SHIPSYNC_KAFKA_CONFIG=text)
    assert fault.startswith("SHIPSYNC_KAFKA_CONFIG: ")
    assert "geheim" not in fault


def test_settings_show_no_secret() -> None:
    ours = Settings(
        api_keys="geheim", push_secrets="geheim", poll_credentials="geheim", kafka_password="geheim",
        kafka_username="us", kafka_protocol="sasl_ssl", kafka_config={"ssl.key.password": "geheim"},
        registry_url="http://us:geheim@registry:8081", redis_url="redis://:geheim@redis/0?password=geheim",
        redis_password="geheim", registry_password="geheim", kafka_key_password="geheim",
    )
    assert "geheim" not in repr(ours) + str(ours)
    assert "http://registry:8081" in repr(ours)


def test_a_secret_in_the_wrong_setting_is_not_repeated_either(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {
        one.variable: "geheim/" for one in SETTINGS.values()
        if "SecretStr" not in str(one.info.annotation) and str(one.info.annotation) != "str"
    }
    assert "geheim" not in "".join(faults(monkeypatch, **wrong))


def test_names_that_tests_and_make_read_are_no_unknown_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NOT_SETTINGS:
        monkeypatch.setenv(name, "1")
    load()


def test_every_name_in_the_repository_is_declared() -> None:
    known = {one.variable for one in SETTINGS.values()} | NOT_SETTINGS.keys()
    known |= {one.file_variable for one in SETTINGS.values() if one.file_variable}
    used: dict[str, list[str]] = {}
    for path in committed_files():
        if label(path) in OWN or path.suffix in {".xz", ".svg", ".jar"}:
            continue
        for found in NAME.findall(path.read_bytes().decode("utf-8", "replace")):
            used.setdefault(found, []).append(path.name)
    assert {name: files for name, files in used.items() if name not in known | EXAMPLES} == {}
    assert NOT_SETTINGS.keys() <= used.keys()
