"""The packaged calendars, what they make of a year, and what is said of a wrong file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.carriers import discover
from streams.kernel.errors import Fatal
from topologies.stages.holiday_calendars import PACKAGED, followed, load, pauses, year_of

DAY_MS = 86_400_000


def test_a_holiday_lasts_from_midnight_to_midnight_where_the_carrier_is() -> None:
    fourths = [one for one in pauses(load()["US"], 2026) if one.name == "Independence Day"]
    [fourth] = [one for one in fourths if year(one.begins) == 2026]
    assert datetime.fromtimestamp(fourth.begins / 1000, UTC).isoformat() == "2026-07-04T04:00:00+00:00"
    assert fourth.ends - fourth.begins == DAY_MS


def year(at_ms: int) -> int:
    return year_of(at_ms)


@pytest.mark.parametrize("name", sorted(load()))
def test_a_calendar_reaches_over_the_turn_of_the_year_in_order(name: str) -> None:
    found = pauses(load()[name], 2026)
    assert {year(one.begins + DAY_MS // 2) for one in found} == {2025, 2026, 2027}
    assert list(found) == sorted(found, key=lambda one: one.begins)
    assert load()[name].source


def test_every_calendar_a_carrier_names_is_there() -> None:
    calendars, carriers = load(), discover()
    named = [carrier for carrier in carriers if carrier.calendar is not None]
    assert named
    for carrier in carriers:
        assert (followed(calendars, carrier.calendar, carrier.feed) is None) == (carrier not in named)


def test_a_calendar_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(Fatal, match=r"feed acme follows the calendar 'MARS'; the holidays file has CA, DE"):
        followed(load(), "MARS", "acme")


@pytest.mark.parametrize(
    ("was", "is_now", "said"),
    [
        ("zone: Europe/Paris", "zone: Europe/Atlantis", "FR.zone: 'Europe/Atlantis' is no IANA time zone"),
        ("easter +39", "after easter", "Christi Himmelfahrt: 'after easter' is no day"),
        ("source: Lag", "law: Lag", "law"),
    ],
)
def test_a_wrong_file_is_refused_by_file_and_field(tmp_path: Path, was: str, is_now: str, said: str) -> None:
    file = tmp_path / "holidays.yaml"
    file.write_text(PACKAGED.read_text("utf-8").replace(was, is_now), "utf-8")
    with pytest.raises(Fatal) as caught:
        load(file)
    assert said in str(caught.value)
    assert str(file) in str(caught.value)
