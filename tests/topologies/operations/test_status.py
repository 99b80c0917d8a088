"""A running stack's status, from metrics in the Prometheus text format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from config.settings import Settings
from connectors.embedded.ports import unused
from streams.contracts.model import Alert
from streams.kernel.vocabulary import AlertKind, AlertState, ExceptionType, Reason, Severity
from topologies.local_stack.stack_file import ProcessNote, UpFile
from topologies.operations.status import NOT_ANSWERING, ProcessStatus, StackStatus, look, read, with_alerts, with_rates
from topologies.runtime.watching import metrics
from topologies.runtime.watching.health import Health, serve

TEXT = """
shipsync_events_total{stage="intake",outcome="accepted"} 90.0
shipsync_events_total{stage="intake",outcome="duplicates"} 7.0
shipsync_dead_letters_total{stage="intake",reason="malformed"} 2.0
shipsync_dead_letters_total{stage="intake",reason="empty"} 1.0
shipsync_lag_records{stage="intake",topic="a",partition="0"} 5.0
shipsync_lag_records{stage="intake",topic="a",partition="1"} 6.0
shipsync_chunk_records_sum{stage="intake"} 100.0
shipsync_processing_info{stage="intake",processing="at_least_once"} 1.0
process_resident_memory_bytes 1.5e+08
process_cpu_seconds_total 12.5
"""


def noted(name: str = "intake", pid: int | None = 17, port: int = 1, state: str = "up") -> ProcessNote:
    return ProcessNote(name, pid, state, 3, port, "a.log")


def status(*processes: ProcessStatus, taken_at: float = 0.0) -> StackStatus:
    return StackStatus("b", "r", 1.0, taken_at, list(processes))


@pytest.fixture
def served() -> Iterator[int]:
    """A metrics endpoint, its port."""
    registry = CollectorRegistry()
    Gauge("process_resident_memory_bytes", "m", registry=registry).set(7)
    Counter("shipsync_events_total", "e", ["stage", "outcome"], registry=registry).labels("x", "accepted").inc(4)
    Histogram("shipsync_chunk_records", "c", ["stage"], registry=registry).labels("x").observe(4)
    port = unused()[0]
    server, thread = start_http_server(port, "127.0.0.1", registry)
    yield port
    server.shutdown()
    server.server_close()
    thread.join()


def test_feeds_that_are_paused_are_named() -> None:
    text = 'shipsync_feed_paused{feed="ups"} 1.0\nshipsync_feed_paused{feed="acme"} 0.0\n'
    assert read(noted(), text).paused == ("ups",)


def test_a_processs_numbers_are_summed_over_its_partitions() -> None:
    assert read(noted(), TEXT) == ProcessStatus(
        "intake", 17, "up", 3, memory_bytes=150_000_000, cpu_seconds=12.5, lag=11, records=100,
        outcomes={"accepted": 90, "duplicates": 7}, dead_letters={"malformed": 2, "empty": 1},
        processing="at_least_once",
    )


def test_the_names_read_are_names_the_stages_write() -> None:
    written = {sample.name for metric in (
        metrics.EVENTS.labels("s", "o"), metrics.DEAD_LETTERS.labels("s", "r"), metrics.LAG.labels("s", "t", "0"),
        metrics.CHUNK_RECORDS.labels("s"), metrics.PROCESSING.labels("s", "exactly_once"),
    ) for family in metric.collect() for sample in family.samples}
    assert written >= {
        "shipsync_events_total", "shipsync_dead_letters_total", "shipsync_lag_records", "shipsync_chunk_records_sum",
        "shipsync_processing_info",
    }


def test_every_process_is_asked_and_one_that_does_not_answer_is_told(served: int) -> None:
    processes = [
        noted("intake", port=served), noted("feeds", port=unused()[0]), noted("broker", port=0),
        noted("shipments", pid=None, port=unused()[0], state="waiting"),
    ]
    found = look(UpFile(1, "b", "r", "v", "127.0.0.1", 5_000, processes), clock=lambda: 65.0)
    assert found.uptime_s == 60.0
    assert [(one.name, one.state) for one in found.processes] == [
        ("intake", "up"), ("feeds", NOT_ANSWERING), ("broker", "up"), ("shipments", "waiting")
    ]
    assert (found.processes[0].records, found.processes[0].memory_bytes) == (4, 7)


def test_a_rate_is_what_was_handled_between_two_looks() -> None:
    one = read(noted(), TEXT)
    after = with_rates(status(replace(one, records=400), taken_at=12.0), status(one, taken_at=10.0))
    assert after.processes[0].per_second == 150.0


def test_a_process_that_is_another_now_has_no_rate_yet() -> None:
    one = read(noted(), TEXT)
    restarted = with_rates(status(replace(one, pid=18), taken_at=12.0), status(one, taken_at=10.0))
    silent = with_rates(status(replace(one, memory_bytes=0, records=0), taken_at=12.0), status(one, taken_at=10.0))
    assert restarted.processes[0].per_second is None
    assert silent.processes[0].per_second is None


def test_open_alerts_are_told_or_said_to_be_unknown() -> None:
    alert = Alert(
        "feed_stale:x", AlertKind.FEED_STALE, AlertState.RAISED, Severity.CRITICAL, "x", "x is silent",
        ExceptionType.DATA_QUALITY, Reason.FEED_STALE, 5, 6,
    )
    assert with_alerts(status(), None).open_alerts is None
    (told,) = with_alerts(status(), [alert]).open_alerts or []
    assert (told.kind, told.severity, told.message, told.raised_at) == ("feed_stale", "critical", "x is silent", 5)


def test_what_a_process_misses_is_told_as_it_says_it() -> None:
    health = Health()
    health.expect("restored", lambda: "2 partitions are being restored")
    (port,) = unused()
    server = serve(Settings(_env_file=None, metrics_port=port), health)
    assert server is not None
    try:
        [found] = look(UpFile(1, "b", "r", "redis", "127.0.0.1", 0, [noted(port=port)])).processes
    finally:
        server.shutdown()
        server.server_close()
    assert found.missing == {"restored": "2 partitions are being restored"}
    assert found.memory_bytes > 0
