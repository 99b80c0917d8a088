"""The times a DTM tells, in the forms partners write."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.mapping.edifact.times import moment_of
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import Precision, RejectReason


def told(text: str, form: str = "303") -> tuple[datetime, int | None, Precision]:
    moment = moment_of([["DTM"], ["334", text, form]], "Europe/Berlin")
    return datetime.fromtimestamp(moment.at_ms / 1000, UTC), moment.offset_minutes, moment.precision


def test_an_offset_is_taken_at_its_word() -> None:
    at = datetime(2026, 9, 17, 8, 15, tzinfo=UTC)
    for text in ("202609170915+01", "202609170915+0100", "202609171015CES", "202609170915+01:00"):
        assert told(text)[0] == at
    assert told("202609170315-05") == (at, -300, Precision.INSTANT)


@pytest.mark.parametrize("offset", ["", "+0²", "-٣٣", "?", "+123"])
def test_without_an_offset_anybody_knows_the_clocks_are_those_of_the_place(offset: str) -> None:
    at = datetime(2026, 9, 17, 7, 15, tzinfo=UTC)
    assert told(f"202609170915{offset}") == (at, 120, Precision.LOCAL_NO_ZONE)


@pytest.mark.parametrize("text", ["2026091709²5", "２０２６０９１７", "2026", "20261317"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(Reject) as refused:
        told(text, "303" if len(text) > 8 else "102")
    assert refused.value.reason is RejectReason.INVALID_TIME


def test_a_dtm_without_a_date_tells_nothing() -> None:
    with pytest.raises(Reject) as refused:
        told("")
    assert refused.value.reason is RejectReason.CONTRACT_BROKEN
