"""Dead letters in the log: a few a chunk, each with what leads back to its record."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.contextvars import get_contextvars

from config import headers
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason
from tests.support.records import FakeRecord
from topologies.runtime.handler import Refused
from topologies.runtime.writing import refusal_log
from topologies.runtime.writing.refusal_log import MOST_LINES, log_refused


class Lines(logging.Handler):
    """Each line with the context it was written in."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, dict[str, Any]]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append((record.getMessage(), get_contextvars()))


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler = Lines()
    refusal_log.log.addHandler(handler)
    yield handler
    refusal_log.log.removeHandler(handler)


def refused(offset: int, *attached: tuple[str, bytes]) -> Refused:
    reject = Reject(RejectReason.MALFORMED, "no JSON", "events[0]")
    return Refused(FakeRecord("a.topic", 3, offset, headers=attached), reject)


def test_a_line_leads_back_to_the_record(lines: Lines) -> None:
    log_refused([refused(42, (headers.CORRELATION_ID, b"c0ffee")), refused(43)])
    assert lines.told == [
        (
            "dead letter: malformed: no JSON (at events[0])",
            {"topic": "a.topic", "partition": 3, "offset": 42, "correlation_id": "c0ffee"},
        ),
        ("dead letter: malformed: no JSON (at events[0])", {"topic": "a.topic", "partition": 3, "offset": 43}),
    ]


def test_a_flood_is_counted_and_not_listed(lines: Lines) -> None:
    log_refused([refused(offset) for offset in range(5_000)])
    assert len(lines.told) == MOST_LINES + 1
    assert lines.told[-1] == (f"{5_000 - MOST_LINES} more dead letters in the same chunk", {})


def test_without_a_refusal_no_line_is_logged(lines: Lines) -> None:
    log_refused([])
    assert lines.told == []
