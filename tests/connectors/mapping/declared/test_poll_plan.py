"""A ``poll:`` that cannot work is refused on load, with file, line, field and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.carriers import CarrierFileError, discover
from connectors.mapping.loading import Carrier
from streams.kernel.vocabulary import Status
from streams.polling.schedule import Ageing
from streams.resilience.token_bucket import Rate
from tests.fakes.carrier_api import CARRIER, ONE_BY_ONE, TOGETHER

HOUR = 3_600_000


def load(home: Path, how: str = ONE_BY_ONE, rates: str = "2/s, 100/m, 1/5s", **changes: str) -> Carrier:
    text = CARRIER.format(how=how, rates=rates, concurrency=2)
    for old, new in changes.items():
        assert old in text
        text = text.replace(f"{old}:", f"{new}:")
    folder = home / "acme"
    folder.mkdir()
    (folder / "carrier.yaml").write_text(text, "utf-8")
    [carrier] = discover(home)
    return carrier


def test_durations_and_rates_are_read(tmp_path: Path) -> None:
    plan = load(tmp_path).plan
    assert plan is not None
    assert plan.rates == (Rate(2, 1000), Rate(100, 60_000), Rate(1, 5000))
    assert plan.timeout_s == 2.0
    assert plan.schedule.every == {Status.IN_TRANSIT: 2 * HOUR, Status.OUT_FOR_DELIVERY: HOUR // 4}
    assert plan.schedule.ageing == (Ageing(5 * 24 * HOUR, 2.0),)
    assert (plan.schedule.dead_answers, plan.schedule.dead_after_ms) == (3, 48 * HOUR)


KEY = "authorisation: {kind: header, header: Api-Key}"


@pytest.mark.parametrize(
    ("how", "says"),
    [
        (f"url: http://a.example/{{tracking_number}}\n  {KEY}", r"poll.url: give an https:// address"),
        (f"url: https://a.example/\n  {KEY}", r"poll.url: neither url nor body holds \{tracking_number\}"),
        (f"url: https://a.example/{{number}}\n  {KEY}", r"poll.url: \{number\} is not known; there is items"),
        (f"url: https://a.example/{{tracking_number}}\n  batch: 5\n  {KEY}", r"poll.batch: several numbers need"),
        (f"url: https://a.example/\n  body: '[{{items}}]'\n  {KEY}", r"poll.item: \{items\} needs an item"),
        ("url: https://a.example/{tracking_number}\n  authorisation: {kind: header}", r"header: name the header"),
        ("url: https://a.example/{tracking_number}\n  authorisation: {kind: oauth2}", r"token_url: give the https"),
        ("url: https://a.example/{tracking_number}\n  authorisation: {kind: none}", r"documented: without a key"),
        ("url: https://a.example/{tracking_number}\n  authorisation: {kind: kerberos}", r"Invalid enum value"),
        (f"{ONE_BY_ONE}\n  longest: soon", r"poll.longest: 'soon' is no duration"),
        (f"{ONE_BY_ONE}\n  batch: 0", r"poll.batch: 0 is too few"),
        (f"{ONE_BY_ONE}\n  secret: hush", r"secret"),
    ],
)
def test_a_plan_that_cannot_work_is_refused(tmp_path: Path, how: str, says: str) -> None:
    with pytest.raises(CarrierFileError, match=rf"carrier.yaml:\d+: .*{says}"):
        load(tmp_path, how)


@pytest.mark.parametrize("rate", ["fast", "0/s", "5", "5/w"])
def test_a_rate_that_is_none_is_refused(tmp_path: Path, rate: str) -> None:
    with pytest.raises(CarrierFileError, match=r"poll.rates.0: .* is no rate; write 2/s"):
        load(tmp_path, rates=f"'{rate}'")


def test_a_shipment_at_its_end_has_no_interval(tmp_path: Path) -> None:
    with pytest.raises(CarrierFileError, match="a shipment at its end is never asked about"):
        load(tmp_path, out_for_delivery="delivered")


def test_several_in_one_question_are_fine_where_they_have_a_place(tmp_path: Path) -> None:
    plan = load(tmp_path, TOGETHER).plan
    assert plan is not None
    assert plan.poll.batch == 3


def test_an_aggregator_is_not_polled(tmp_path: Path) -> None:
    text = CARRIER.format(how=ONE_BY_ONE, rates="1/s", concurrency=1)
    (tmp_path / "acme").mkdir()
    file = tmp_path / "acme" / "carrier.yaml"
    file.write_text(text.replace("carrier: acme", "carrier: {path: shipment.carrier}"), "utf-8")
    with pytest.raises(CarrierFileError, match="poll: an aggregator is not asked number by number"):
        discover(tmp_path)
