"""Dates and times in every shape carriers write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.mapping.values.times import (
    Midnight,
    Moment,
    Unreadable,
    clock_ms,
    day_ms,
    local_moment,
    offset_in,
    stamp_moment,
    stated_offset,
)
from streams.kernel.vocabulary import Precision


def ms(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type, misc]


def berlin() -> str:
    return "Europe/Berlin"


@pytest.mark.parametrize("text", ["20260914", "2026-09-14"])
def test_a_date_is_its_midnight(text: str) -> None:
    assert day_ms(text) == day_ms(text) == ms(2026, 9, 14)


def test_a_date_in_words_is_read_by_its_pattern() -> None:
    assert day_ms("Monday,  September 14, 2026 ", "%A, %B %d, %Y") == ms(2026, 9, 14)


@pytest.mark.parametrize(
    "text", ["", "20261345", "2026-02-30", "260914", "99991231", "00010101", "string", "2026/09/14", "２０２６０９１４"]
)
def test_what_is_no_date_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        day_ms(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1530", 55_800_000), ("153059", 55_859_000), ("15:30", 55_800_000), ("15:30:59", 55_859_000),
        ("15:30:59.5", 55_859_500), ("15305925", 55_859_250), ("235960", 86_400_000), ("15:30:59.123456", 55_859_123),
    ],
)
def test_a_time_of_day(text: str, expected: int) -> None:
    assert clock_ms(text) == expected


@pytest.mark.parametrize(
    "text", ["", "24:00", "2561", "12:60:00", "noon", "12:3O", "12", "-1:30", "12:30:00.x", "1:2:3:4", "123456789"]
)
def test_what_is_no_time_of_day_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        clock_ms(text)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("-05:00", -300), ("+0530", 330), ("Z", 0), ("GMT-08:00", -480), ("UTC", 0), ("+01", 60), ("", None)],
)
def test_an_offset(text: str, minutes: int | None) -> None:
    assert stated_offset(text) == minutes


@pytest.mark.parametrize(("text", "minutes"), [("-5:00", -300), ("+530", 330), ("+5", 300), ("UTC+1", 60)])
def test_an_offset_that_lost_its_zero(text: str, minutes: int) -> None:
    assert stated_offset(text) == minutes


@pytest.mark.parametrize(
    ("text", "digits", "seconds"),
    [
        ("94700", 0, 35_220), ("9:47:1", 0, 35_221), ("9:30", 0, 34_200), ("930", 0, 34_200), ("5301", 0, 3_181),
        ("1530", 6, 930), ("5", 6, 5), ("0", 4, 0), ("9 pm", 0, 75_600),
    ],
)
def test_a_time_of_day_that_lost_its_zeros(text: str, digits: int, seconds: int) -> None:
    assert clock_ms(text, digits) == seconds * 1000


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T15:04Z", "2026-11-20T10:04-05", "2026-11-20T10:04-0500", "20261120T150400Z", "20261120T1504Z",
        "2026-11-20T15:04:00.000000001Z", "2026-11-20T16:04+01:00[Europe/Berlin]", "2026-11-20T15:04Z[UTC]",
        "2026-11-20 15:04:00 UTC", "2026-11-20T15:4:0Z", "2026-11-20 10:04:00.0000000 -05:00", "2026-11-20T15:04:00,0Z",
        "2026-11-20 3:04 pm GMT",
    ],
)
def test_what_java_and_net_write_is_one_instant(text: str) -> None:
    moment = stamp_moment(text, lambda: "Asia/Tokyo")
    assert (moment.at_ms, moment.assumed) == (1_795_187_040_000, False)


@pytest.mark.parametrize("text", ["EST", "5", "+99:00", "+1:0", "--05"])
def test_what_is_no_offset_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        stated_offset(text)


@pytest.mark.parametrize(
    ("text", "at", "offset"),
    [
        ("2024-08-20T12:41:57-04:00", ms(2024, 8, 20, 16, 41, 57), -240),
        ("2024-08-20T12:41:57+00:00", ms(2024, 8, 20, 12, 41, 57), 0),
        ("2024-08-20T12:41:57.500+02:00", ms(2024, 8, 20, 10, 41, 57) + 500, 120),
        ("2024-08-20T12:41+0200", ms(2024, 8, 20, 10, 41), 120),
        ("2019-02-04 23:59:00 GMT-08:00", ms(2019, 2, 5, 7, 59), -480),
    ],
)
def test_a_stamp_with_an_offset_is_an_instant(text: str, at: int, offset: int) -> None:
    assert stamp_moment(text, berlin) == Moment(at, offset, False, Precision.INSTANT)


@pytest.mark.parametrize("text", ["2024-08-20T12:41:57Z", "2024-08-20T12:41:57-00:00", "2024-08-20 12:41:57 UTC"])
def test_a_stamp_in_utc_alone_is_an_instant_that_tells_nothing_of_the_clocks_there(text: str) -> None:
    assert stamp_moment(text, berlin) == Moment(ms(2024, 8, 20, 12, 41, 57), None, False, Precision.INSTANT)


def test_a_stamp_without_an_offset_has_the_assumed_zones_clocks() -> None:
    assert stamp_moment("2024-08-20T12:41:57", berlin) == Moment(
        ms(2024, 8, 20, 10, 41, 57), 120, True, Precision.LOCAL_NO_ZONE
    )


def test_a_date_alone_is_date_only_and_so_is_a_bare_midnight_where_declared() -> None:
    midnight = Moment(ms(2024, 8, 19, 22), 120, True, Precision.DATE_ONLY)
    assert stamp_moment("2024-08-20", berlin) == midnight
    assert stamp_moment("2024-08-20T00:00:00", berlin, Midnight.BARE_DATE) == midnight
    assert stamp_moment("2024-08-20T00:00:00", berlin).precision is Precision.LOCAL_NO_ZONE


@pytest.mark.parametrize("offset", ["Z", "+00:00", "-06:00", ""])
def test_midnight_is_a_date_with_any_offset_where_declared(offset: str) -> None:
    stamp = f"2024-08-20T00:00:00{offset}"
    assert stamp_moment(stamp, berlin, Midnight.DATE) == stamp_moment("2024-08-20", berlin)
    if offset:
        assert stamp_moment(stamp, berlin, Midnight.BARE_DATE).precision is Precision.INSTANT
    assert stamp_moment(f"2024-08-20T00:01:00{offset}", berlin, Midnight.DATE).precision is not Precision.DATE_ONLY


@pytest.mark.parametrize(
    "text", ["", "soon", "2024-08-20T", "2024-08-20T12", "2024-08-20x12:00:00", "2024-08-20T12:00:00 CET"]
)
def test_what_is_no_stamp_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        stamp_moment(text, berlin)


def test_summer_time_is_known_and_the_hour_that_comes_twice_is_the_earlier() -> None:
    assert offset_in("Europe/Berlin", ms(2026, 1, 10, 12)) == 60
    assert offset_in("Europe/Berlin", ms(2026, 7, 10, 12)) == 120
    assert offset_in("Europe/Berlin", ms(2026, 10, 25, 2, 30)) == 120
    assert local_moment(ms(2026, 7, 10, 12), "Asia/Kolkata", Precision.LOCAL_NO_ZONE).at_ms == ms(2026, 7, 10, 6, 30)
