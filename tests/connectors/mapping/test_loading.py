"""A wrong carrier.yaml is refused with file, line, field and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.settings import IntakeSettings, Settings
from connectors.carriers import CarrierFileError, discover, enabled_carriers
from streams.intake.adapter import RawContext
from streams.kernel.errors import Fatal

GOOD = """\
feed: acme
name: Acme
carrier: acme
formats: [json]
channel: webhook
zone: Europe/Berlin
cadence: {expect_every: 90s, stale_after: 2h}
source: Acme's manual
refusals:
  - {when: message.error, reason: carrier_error, detail: [message.error]}
documents:
  - name: scan
    when: message.number
    tracking_number: message.number
    time:
      - {stamp: message.at}
    statuses: codes
    code: message.code
statuses:
  codes:
    source: Acme's manual, page 3
    codes:
      NO: delivered
      "08": {milestone: in_transit, exception: delay}
"""


def write(home: Path, text: str, name: str = "acme") -> Path:
    folder = home / name
    folder.mkdir()
    (folder / "carrier.yaml").write_text(text, "utf-8")
    return home


def test_a_folder_is_a_carrier(tmp_path: Path) -> None:
    (acme,) = discover(write(tmp_path, GOOD))
    assert (acme.feed, acme.slug, acme.channel, acme.formats) == ("acme", "acme", "webhook", ("json",))
    assert (acme.expect_every_s, acme.stale_after_s) == (90, 7200)


@pytest.mark.parametrize(("code", "milestone"), [("NO", "delivered"), ("08", "in_transit")])
def test_codes_are_the_texts_that_stand_there(tmp_path: Path, code: str, milestone: str) -> None:
    (acme,) = discover(write(tmp_path, GOOD))
    body = f'{{"number":"A1","at":"2026-09-14T10:00:00Z","code":"{code}"}}'.encode()
    context = RawContext("acme", "", "raw.acme.v1", 0, 0, 1_790_000_000_000, "c")
    assert [event.milestone for event in acme.adapter.parse(body, context).events] == [milestone]


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("NO: delivered", "NO: deliverd", 23, ["deliverd", "vocabulary"]),
        ("exception: delay", "exception: late", 24, ["late", "vocabulary"]),
        ("feed: acme\n", "", 1, ["feed", "add it"]),
        ("channel: webhook", "chanel: webhook", 5, ["chanel", "no such field"]),
        ("zone: Europe/Berlin", "zone: Berlin", 6, ["Berlin", "IANA"]),
        ("90s", "90 seconds", 7, ["90 seconds", "15m"]),
        ("formats: [json]", "formats: [yaml]", 4, ["yaml", "json"]),
        ("tracking_number: message.number", "tracking_number: massage.number", 14, ["massage", "message"]),
        ("{stamp: message.at}", "{stamp: message.at, utc: [message.a, message.b]}", 16, ["exactly one"]),
        ("statuses: codes", "statuses: cods", 17, ["cods", "codes"]),
        ("when: message.error", "when: parcel.error", 10, ["levels", "message"]),
        ("feed: acme", "feed: acme\nfeed: acme", 2, ["twice"]),
        ("feed: acme", "feed: [acme", 2, ["no YAML"]),
        ("name: Acme", "name: [Acme]", 2, ["str", "array"]),
        ("{stamp: message.at}", '{stamp: message.at, pattern: "%d.%Q"}', 16, ["%d.%Q", "strptime"]),
        ("statuses: codes", "statuses: codes\n    eta: [{stamp: message.eta, zone: Mars}]", 18, ["Mars", "IANA"]),
        ("statuses: codes", "statuses: codes\n    zone_by: [{by: message.at, zones: {X: Mars}}]", 18, ["Mars", "IANA"]),
        ("statuses: codes", "statuses: codes\n    zone_by: [{table: countries}]", 18, ["by", "table: place"]),
        ("statuses: codes", "statuses: codes\n    place: {line: message.at, parts: street}", 18, ["parts", "city"]),
        ("statuses: codes", "statuses: codes\n    place: {line: message.at, pattern: '('}", 18, ["pattern", "regular"]),
        ("statuses: codes", "statuses: codes\n    place: {line: message.at, pattern: '.*'}", 18, ["named group"]),
        ("statuses: codes", "statuses: codes\n    place: {line: message.at, pattern: '(?P<x>.)'}", 18, ["name parts"]),
    ],
)
def test_an_error_names_the_place_in_the_file(
    tmp_path: Path, old: str, new: str, line: int, words: list[str]
) -> None:
    assert old in GOOD
    with pytest.raises(CarrierFileError) as wrong:
        discover(write(tmp_path, GOOD.replace(old, new, 1)))
    text = str(wrong.value)
    assert f"acme/carrier.yaml:{line}:" in text
    assert [word for word in words if word not in text] == []


def test_an_empty_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(CarrierFileError, match="empty"):
        discover(write(tmp_path, ""))


def test_two_carriers_cannot_share_a_feed(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    with pytest.raises(CarrierFileError, match="feed of acme already"):
        discover(write(tmp_path, GOOD, "bolt"))


def test_what_a_file_inherits_may_be_overridden(tmp_path: Path) -> None:
    second = "  - <<: *scan\n    name: other\n    when: message.nr\n    tracking_number: message.nr\nstatuses:"
    text = GOOD.replace("  - name: scan", "  - &scan\n    name: scan").replace("statuses:\n", second + "\n", 1)
    (acme,) = discover(write(tmp_path, text))
    context = RawContext("acme", "", "raw.acme.v1", 0, 0, 1_790_000_000_000, "c")
    parsed = acme.adapter.parse(b'{"nr":7,"at":"2026-09-14","code":"NO"}', context)
    assert [event.tracking_number for event in parsed.events] == ["7"]


def intake(**changed: Any) -> IntakeSettings:
    return Settings(_env_file=None, **changed).intake


def test_an_installation_takes_the_feeds_it_names_and_all_where_it_names_none() -> None:
    assert [carrier.feed for carrier in enabled_carriers(intake(feeds=("ups", "dhl", "ups")))] == ["ups", "dhl"]
    assert [carrier.feed for carrier in enabled_carriers(intake())] == [carrier.feed for carrier in discover()]


def test_a_feed_nobody_has_is_named_with_those_there_are() -> None:
    with pytest.raises(Fatal, match=r"SHIPSYNC_FEEDS: there is no feed 'pigeons'; the feeds are .*dhl, .*ups"):
        enabled_carriers(intake(feeds=("ups", "pigeons")))


def test_the_carriers_of_the_repository_load() -> None:
    carriers = discover()
    assert len({carrier.feed for carrier in carriers}) == len(carriers) >= 5
    assert all(carrier.source for carrier in carriers)


PUSH = "push: {scheme: hmac, header: X-Sig, source: a"


@pytest.mark.parametrize(
    ("push", "field", "problem"),
    [
        ("push: {scheme: hmac, source: a}", "push.header", "scheme hmac needs the name of a header"),
        ("push: {scheme: magic, source: a}", "push.scheme", "magic"),
        (PUSH + ', signed: "{timestamp}"}', "push.signed", "holds {body}"),
        (PUSH + ', signed: "{body}{nonce}"}', "push.signed", "header.<name>"),
        (PUSH + ', signed: "{timestamp}{body}"}', "push.timestamp_header", "goes with {timestamp}"),
        (PUSH + ", timestamp_header: X-At}", "push.timestamp_header", "proves nothing"),
        (PUSH + ', signed: "{body}{secret}"}', "push.signed", "goes with scheme digest"),
        ("push: {scheme: digest, header: h, source: a}", "push.signed", "goes with scheme digest"),
        (PUSH + ", replay_seconds: 0}", "push.replay_seconds", "above 0"),
        (PUSH + ", answer: 204}", "push.answer", "200 or 202"),
        (PUSH + ", secret: s3cret}", "push.secret", "no such field"),
    ],
)
def test_a_push_that_cannot_be_checked_is_refused(tmp_path: Path, push: str, field: str, problem: str) -> None:
    with pytest.raises(CarrierFileError) as raised:
        discover(write(tmp_path, f"{GOOD}{push}\n"))
    assert raised.value.field == field
    assert problem in raised.value.problem
    assert raised.value.line == len(GOOD.splitlines()) + 1


def test_the_declared_push_is_loaded(tmp_path: Path) -> None:
    (acme,) = discover(write(tmp_path, f"{GOOD}{PUSH}, answer: 200}}\n"))
    assert acme.push is not None
    assert (acme.push.scheme, acme.push.header, acme.push.answer) == ("hmac", "X-Sig", 200)
