"""Every line of a process's log has one form, and says what it is about."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from config.settings import LogFormat, Settings
from topologies.runtime import logs


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in logs.NOISY}
    yield
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    sys.excepthook = hook
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def configured(**settings: Any) -> io.StringIO:
    written = io.StringIO()
    logs.configure(Settings(**settings), "intake", written)
    return written


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_both_kinds_of_loggers_write_the_same_form() -> None:
    written = configured()
    logging.getLogger("topologies.runtime.runner").warning("%d records wait", 3)
    structlog.get_logger("connectors.kafka.registry").warning("waiting", url="http://a")
    first, second = lines(written)
    assert first.pop("at").endswith("Z")
    assert first == {
        "event": "3 records wait", "level": "warning", "logger": "topologies.runtime.runner", "stage": "intake"
    }
    assert (second["event"], second["url"], second["stage"]) == ("waiting", "http://a", "intake")


def test_a_line_says_what_it_is_about() -> None:
    written = configured()
    with logs.about(topic="t", partition=0, offset=7, correlation_id="c0ffee"):
        logging.getLogger("any").error("refused")
    with logs.about(topic="t", correlation_id=None):
        logging.getLogger("any").error("again")
    logging.getLogger("any").error("later")
    told = [{key: line[key] for key in line.keys() - {"at", "level", "logger", "event"}} for line in lines(written)]
    assert told == [
        {"stage": "intake", "topic": "t", "partition": 0, "offset": 7, "correlation_id": "c0ffee"},
        {"stage": "intake", "topic": "t"},
        {"stage": "intake"},
    ]


def test_every_thread_writes_for_its_stage() -> None:
    written = configured()
    thread = threading.Thread(target=logging.getLogger("topologies.runtime.watchdog").critical, args=("stands still",))
    thread.start()
    thread.join()
    assert lines(written)[0]["stage"] == "intake"


def test_an_exception_is_inside_its_line() -> None:
    written = configured()
    try:
        raise RuntimeError("planted")
    except RuntimeError:
        logging.getLogger("any").exception("it failed")
    (line,) = lines(written)
    assert "RuntimeError: planted" in line["exception"]


def test_an_uncaught_exception_is_logged() -> None:
    written = configured()
    try:
        raise RuntimeError("planted")
    except RuntimeError as error:
        sys.excepthook(RuntimeError, error, error.__traceback__)
    (line,) = lines(written)
    assert (line["level"], line["event"]) == ("critical", "the process ends: planted")
    assert "RuntimeError: planted" in line["exception"]


def test_warnings_are_lines_too() -> None:
    written = configured()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert "DeprecationWarning: old" in lines(written)[0]["event"]


@pytest.mark.parametrize(("level", "loud"), [("INFO", False), ("ERROR", False), ("WARNING", True)])
def test_libraries_are_heard_from_warning_up(level: str, loud: bool) -> None:
    written = configured(log_level=level)
    logging.getLogger("faust.transport").info("chatter")
    logging.getLogger("aiokafka").warning("lost")
    assert [line["event"] for line in lines(written)] == (["lost"] if loud or level == "INFO" else [])


def test_the_level_holds_for_us_too() -> None:
    written = configured(log_level="WARNING")
    logging.getLogger("topologies").info("quiet")
    structlog.get_logger("connectors").info("quiet")
    assert lines(written) == []


def test_a_console_reads_words() -> None:
    written = configured(log_format=LogFormat.CONSOLE)
    logging.getLogger("any").warning("waiting")
    assert "waiting" in written.getvalue()
    assert "stage=intake" in written.getvalue()
    assert "\x1b" not in written.getvalue()


def test_a_command_writes_its_warnings_to_standard_error_alone(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure_for_a_command()
    structlog.get_logger("connectors.kafka.registry").warning("waiting for the registry")
    logging.getLogger("confluent_kafka").error("FAIL connect refused")
    caught = capsys.readouterr()
    assert caught.out == ""
    assert "waiting for the registry" in caught.err
    assert "FAIL" not in caught.err


@pytest.mark.parametrize("log_format", LogFormat)
def test_unprintable_characters_of_foreign_text_are_escaped(log_format: LogFormat) -> None:
    written = configured(log_format=log_format)
    logging.getLogger("any").error("number %s", "A\ud800\x1b[2J\x00B")
    structlog.get_logger("any").error("asked", number="C\ud800\x9bD")
    said = written.getvalue().replace("\\\\", "\\")
    assert r"A\ud800\x1b[2J\x00B" in said
    assert r"C\ud800\x9bD" in said


@pytest.mark.parametrize("log_format", list(LogFormat))
def test_urls_are_without_credentials(log_format: LogFormat) -> None:
    written = configured(log_format=log_format)
    logging.getLogger("x").warning("no answer from %s", "redis://us:geheim@redis:6379/0")
    structlog.get_logger("x").warning("waiting", url="https://:geheim@registry/apis")
    assert "redis://redis:6379/0" in written.getvalue()
    assert "geheim" not in written.getvalue()


def test_so_are_those_in_an_exception() -> None:
    written = configured()
    try:
        raise OSError("https://us:geheim@registry")
    except OSError:
        logging.getLogger("x").exception("lost")
    assert "https://registry" in written.getvalue()
    assert "us:geheim@" not in lines(written)[0]["exception"].splitlines()[-1]
