from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import kafka_jars
from tests.support.kafka import start_kafka

OUTCOMES = {"skip": pytest.skip.Exception, "fail": pytest.fail.Exception}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"CI": ""}, False),
        ({"CI": "false"}, False),
        ({"CI": "true"}, True),
        ({"SHIPSYNC_REQUIRE_KAFKA": "1"}, True),
        ({"CI": "true", "SHIPSYNC_REQUIRE_KAFKA": "0"}, True),
    ],
)
def test_kafka_is_required_in_ci_and_on_demand(environment: dict[str, str], expected: bool) -> None:
    assert kafka_jars.required(environment) is expected


@pytest.mark.parametrize(("ci", "outcome"), [("", "skip"), ("true", "fail")])
def test_without_java_a_test_is_skipped_and_in_ci_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ci: str, outcome: str
) -> None:
    monkeypatch.delenv("SHIPSYNC_REQUIRE_KAFKA", raising=False)
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OUTCOMES[outcome], match="java is not on the path; install Java 17"), start_kafka():
        raise AssertionError("it started without Java")


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)])
def test_resolving_ahead_tells_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], ci: str, code: int
) -> None:
    monkeypatch.delenv("SHIPSYNC_REQUIRE_KAFKA", raising=False)
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert kafka_jars.main() == code
    assert "java is not on the path" in capsys.readouterr().err


def test_without_maven_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(kafka_jars.NoKafka, match="install Maven"):
        kafka_jars.resolve()


def test_a_java_too_old_for_kafka_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "java"
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(kafka_jars.NoKafka, match=r"too old, Kafka needs 17.*11\.0\.2"):
        kafka_jars.check_java()


def test_jars_that_cannot_be_fetched_name_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    refusing = tmp_path / "mvn"
    refusing.write_text("#!/bin/sh\necho 'Could not transfer artifact'\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(kafka_jars, "LIBS", tmp_path / "libs")
    with pytest.raises(kafka_jars.NoKafka, match=r"(?s)copy-dependencies failed.*Could not transfer"):
        kafka_jars.resolve()
