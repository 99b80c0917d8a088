"""Reading a record takes time in proportion to its size, whatever is in it: CPU of 256 KB against that of 64 KB."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pytest

from benchmarks.hostile import Document, carriers, documents
from benchmarks.parsing import RawRecord, handler_of, seconds_of, slope
from connectors.carriers import Carrier
from streams.kernel.vocabulary import RejectReason

ALL = list(documents())
SMALL, LARGE = 64 * 1024, 256 * 1024
MOST_TIMES, TRIES = 8.0, 4
"""Four times the size takes four times as long where time is linear, sixteen times where it is quadratic."""
NOISE_SECONDS = 0.01
"""The clock's noise: a shorter time at the smaller size counts as this long."""


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Carrier]:
    return carriers(tmp_path_factory.mktemp("carriers") / "home")


def times(known: Mapping[str, Carrier], document: Document) -> float:
    handler = handler_of(known)
    return seconds_of(handler, document, LARGE) / max(seconds_of(handler, document, SMALL), NOISE_SECONDS)


@pytest.mark.parametrize("document", ALL, ids=lambda one: one.name)
def test_time_grows_with_the_size_and_not_with_its_square(known: Mapping[str, Carrier], document: Document) -> None:
    found = []
    for _ in range(TRIES):
        found.append(times(known, document))
        if found[-1] < MOST_TIMES:
            return
    raise AssertionError(f"four times the size takes {min(found):.1f} times as long")


@pytest.mark.parametrize("document", [one for one in ALL if one.is_honest], ids=lambda one: one.name)
def test_an_honest_document_is_read_whole_at_every_size(known: Mapping[str, Carrier], document: Document) -> None:
    sizes = (16 * 1024, 64 * 1024)
    found = []
    for size in sizes:
        record = RawRecord(f"raw.{document.feed}.v1", document.make(size), (("feed", document.feed.encode()),))
        out = handler_of(known).handle([record], None, record.timestamp)
        assert out.refused == []
        found.append(out.counts["events"] + out.counts["unresolved"])
    for (smaller, fewer), (larger, more) in pairwise(zip(sizes, found, strict=True)):
        assert more / fewer == pytest.approx(larger / smaller, rel=0.1)


def test_documents_are_of_the_size_asked_for() -> None:
    for document in ALL:
        assert len(document.make(SMALL)) == pytest.approx(SMALL, rel=0.2), document.name


def test_a_hostile_document_costs_its_record_and_few_dead_letters(known: Mapping[str, Carrier]) -> None:
    for document in ALL:
        record = RawRecord(f"raw.{document.feed}.v1", document.make(SMALL), (("feed", document.feed.encode()),))
        out = handler_of(known).handle([record], None, record.timestamp)
        reasons = [one.reject.reason for one in out.refused]
        assert len(reasons) == len(set(reasons)), document.name
        assert RejectReason.INTERNAL not in reasons, (document.name, out.refused)


def test_growth_is_the_slope_of_the_logarithms() -> None:
    assert slope([(0, 0), (1, 2), (2, 4)]) == pytest.approx(2)
