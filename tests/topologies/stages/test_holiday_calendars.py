"""The packaged calendars, what they make of a year, and what is said of a wrong file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connectors.carriers import discover
from streams.kernel.errors import Fatal
from topologies.stages.holiday_calendars import PACKAGED, Calendar, followed, load, pauses, year_of

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


def days(calendar: Calendar, year: int) -> dict[str, str]:
    """Day -> name, of one year, as its people count it."""
    zone = ZoneInfo(calendar.zone)
    found = {str(datetime.fromtimestamp(one.begins / 1000, zone).date()): one.name for one in pauses(calendar, year)}
    return {day: name for day, name in found.items() if day.startswith(str(year))}


@pytest.mark.parametrize(("name", "expected"), {
    "US": "01-01 01-19 02-16 05-25 06-19 07-03 07-04 09-07 10-12 11-11 11-26 12-25",
    "CA": "01-01 04-03 05-18 07-01 09-07 09-30 10-12 11-11 12-25 12-26 12-28",
    "GB": "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-26 12-28",
    "DE": "01-01 04-03 04-06 05-01 05-14 05-25 10-03 12-25 12-26",
    "FR": "01-01 04-06 05-01 05-08 05-14 05-25 07-14 08-15 11-01 11-11 12-25",
    "SE": "01-01 01-06 04-03 04-05 04-06 05-01 05-14 05-24 06-06 06-20 10-31 12-25 12-26",
}.items())
def test_the_packaged_calendars_have_the_days_their_countries_rest_on(name: str, expected: str) -> None:
    assert sorted(days(load()[name], 2026)) == [f"2026-{day}" for day in expected.split()]


def test_names_are_the_same_on_every_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "de")
    assert days(load()["FR"], 2026)["2026-07-14"] == "National Day"


def test_a_companys_own_days_come_beside_its_countrys() -> None:
    own = {"Christmas Eve": "12-24", "Stocktaking": "2026-07-01", "Leap day": "02-29", "Party": "2027-05-05"}
    found = days(Calendar("Europe/Berlin", "DE", "BY", days=own), 2026)
    assert found["2026-12-24"] == "Christmas Eve"
    assert found["2026-07-01"] == "Stocktaking"
    assert "2026-01-06" in found, "Bavaria's own"
    assert found.keys() - {"2026-12-24", "2026-07-01"} == days(Calendar("Europe/Berlin", "DE", "BY"), 2026).keys()
    assert days(Calendar("Europe/Berlin", days=own), 2028) == {"2028-12-24": "Christmas Eve", "2028-02-29": "Leap day"}


def test_a_file_adds_calendars_and_replaces_those_of_the_same_name(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("acme: {zone: Europe/Rome, country: IT}\nUS: {zone: America/Chicago}\n", "utf-8")
    found = load(file)
    assert found["acme"].country == "IT"
    assert found["US"] == Calendar("America/Chicago")
    assert found["DE"] == load()["DE"]


def test_every_calendar_a_carrier_names_is_there() -> None:
    calendars, carriers = load(), discover()
    named = [carrier for carrier in carriers if carrier.calendar is not None]
    assert named
    for carrier in carriers:
        assert (followed(calendars, carrier.calendar, carrier.feed) is None) == (carrier not in named)


def test_a_calendar_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(Fatal, match=r"feed acme follows the calendar 'MARS'; there is CA, DE"):
        followed(load(), "MARS", "acme")


@pytest.mark.parametrize(
    ("was", "is_now", "said"),
    [
        ("zone: Europe/Paris", "zone: Europe/Atlantis", "FR.zone: 'Europe/Atlantis' is no IANA time zone"),
        ("country: FR", "country: XX", "FR: Country XX not available"),
        ("subdivision: ENG", "subdivision: XYZ", "GB: Entity `GB` does not have subdivision XYZ"),
        ("government", "sunny", "CA: Category is not supported: sunny"),
        ("country: SE", "days: {Party: after easter}", "SE.days.Party: 'after easter' is no day: write 12-24"),
        ("country: SE", "days: {Party: 13-01}", "SE.days.Party: '13-01' is no day"),
        ("country: SE", "land: SE", "land"),
    ],
)
def test_a_wrong_file_is_refused_by_file_and_field(tmp_path: Path, was: str, is_now: str, said: str) -> None:
    file = tmp_path / "holidays.yaml"
    file.write_text(PACKAGED.read_text("utf-8").replace(was, is_now), "utf-8")
    with pytest.raises(Fatal) as caught:
        load(file)
    assert said in str(caught.value)
    assert str(file) in str(caught.value)
