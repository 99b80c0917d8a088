"""``config/bookings.yaml`` is read into rules; a fault names file, line, field and fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.bookings.declared import Declared, load
from streams.bookings.rules import HOUR, Blackout, Channel, Cost, Lane, Patience, Place, WhenUneven
from streams.kernel.errors import Fatal

WHERE = 'warehouses: {"*": {name: N, street: S 1, postal_code: "20457", city: Hamburg, country: DE}}\n'
GOOD = WHERE + """
short: book
waits: {number: {owner: Olga, deadline: 4h}}
invoices: {rate: {percent: 2, amount: 1}}
carriers:
  north:
    scac: nrth
    answer_within: 15m
    channel: {kind: rest, address: https://north.example/v1/shipments, token: {env: NORTH_TOKEN}}
    services:
      parcel:
        lanes: [{from: [DE], to: [DE, "AT:10"]}]
        weight_kg: {most: 31.5, piece: 20}
        currency: EUR
        costs: [{up_to_kg: 5, price: 4.90}, {price: 9.90}]
        blackouts: [2026-12-24, 2026-12-25..2026-12-26]
        accessorials: {"405": 12}
  south:
    channel: {kind: x12, feed: south_edi, sender: "ZZ:NORTH", receiver: "02:SOUT"}
    services: {ltl: {}}
"""
CARRIER = WHERE + "carriers:\n  north:\n    channel: {kind: rest, address: https://n.example}\n    "


def read(folder: Path, text: str) -> Declared:
    file = folder / "bookings.yaml"
    file.write_text(text, "utf-8")
    return load(file)


def test_the_packaged_file_books_nothing() -> None:
    found = load()
    assert (found.rules.services, found.partners) == ((), {})
    assert found.rules.person == Patience("shipping", 2 * HOUR)


def test_a_file_is_read_into_rules_and_partners(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD)
    [parcel, ltl] = found.rules.services
    assert (parcel.carrier, parcel.channel, parcel.answer_within_ms) == ("north", Channel.REST, HOUR // 4)
    assert parcel.lanes == (Lane((Place("DE"),), (Place("DE"), Place("AT", "10"))),)
    assert (parcel.most_kg, parcel.most_piece_kg, parcel.costs) == (31.5, 20, (Cost(5, 4.9), Cost(None, 9.9)))
    assert parcel.blackouts == (Blackout("2026-12-24", "2026-12-24"), Blackout("2026-12-25", "2026-12-26"))
    assert parcel.is_called("NRTH")
    assert not parcel.is_called("south")
    assert (ltl.channel, found.partners["south"].scac) == (Channel.X12, "SOUTH")
    assert (found.rules.short, found.rules.over) == (WhenUneven.BOOK, WhenUneven.HOLD)
    assert found.rules.number == Patience("Olga", 4 * HOUR)
    shipper = found.rules.shipper_of("WH9")
    assert shipper is not None
    assert shipper.city == "Hamburg"


@pytest.mark.parametrize(("text", "words"), [
    ("carriers: {north: {channel: {kind: rest}, services: {a: {}}}}", r"1: warehouses: carriers come from somewhere"),
    (CARRIER + "services: {}", "5: carriers.north.services: name a service at least"),
    (CARRIER + "services: {a: {costs: [{price: 1}]}}", "currency: costs have a currency"),
    (CARRIER + "services: {a: {lanes: [{from: [Germany]}]}}", "'Germany' is no place; write a country, such as DE"),
    (CARRIER + "services: {a: {blackouts: [2026-13-01]}}", "is no day; write 2026-12-24"),
    (CARRIER + "services: {a: {blackouts: [2026-12-02..2026-12-01]}}", "ends before it begins"),
    (CARRIER + "services: {a: {weight_kg: {least: 5, most: 4}}}", "it is below `least`"),
    (CARRIER + "services: {a: {costs: [{price: 1}, {up_to_kg: 5, price: 2}], currency: EUR}}", "let up_to_kg rise"),
    (CARRIER + "services: {a: {price: 1}}", "there is no such field"),
    (CARRIER + "answer_within: soon\n    services: {a: {}}", "'soon' is no duration"),
    (GOOD.replace("kind: rest", "kind: fax"), "'fax' is not known; use one of rest, x12, iftmin"),
    (GOOD.replace("https://north", "http://north"), "use https"),
    (GOOD.replace("ZZ:NORTH", "NORTH"), "sender: 'NORTH': write QUALIFIER:ID"),
    (GOOD.replace("short: book", "short: wait"), "2: short: 'wait' is not known"[3:]),
    (GOOD.replace("percent: 2", "percent: -2"), "a tolerance is 0 or more"),
    (GOOD.replace("country: DE", "country: Germany"), "write the country as in ISO 3166-1"),
    (GOOD.replace("{env: NORTH_TOKEN}", "{}"), "name either the variable"),
    (GOOD.replace("owner: Olga", 'owner: ""'), "name a person or a group"),
    ("", "it is empty"),
])
def test_a_fault_names_the_field_and_the_fix(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(Fatal) as caught:
        read(tmp_path, text)
    assert words in str(caught.value)
