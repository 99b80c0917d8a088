"""A carrier is known by any of its names, and people's words go before the files'."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.mapping.values.carrier_names import CarrierNames, match_key
from streams.contracts.model import MasterRecord
from streams.kernel.vocabulary import MasterKind


def record(slug: str = "north", **changes: Any) -> MasterRecord:
    return MasterRecord(MasterKind.CARRIER, slug, 1, "mo", **changes)


@pytest.fixture
def names() -> CarrierNames:
    return CarrierNames([("north", ["North Freight, Inc.", "NRTH"]), ("south", ["South"])])


@pytest.mark.parametrize("name", ["north", " NORTH ", "north freight inc", "NORTH FREIGHT, INC.", "nrth"])
def test_a_carrier_there_is_a_file_of_goes_by_its_names(names: CarrierNames, name: str) -> None:
    assert names.slug_of(name) == "north"


def test_a_name_nobody_has_told_of_stays_what_it_is(names: CarrierNames) -> None:
    assert (names.slug_of(" East Ltd "), names.find("East Ltd")) == ("east ltd", None)


def test_a_person_adds_names_and_takes_them_back(names: CarrierNames) -> None:
    names.learn(record(aliases=["NF"], duns="123456789", gln="4012345000009"))
    assert [names.slug_of(name) for name in ("nf", "123456789", "4012345000009")] == ["north"] * 3
    names.learn(record(withdrawn=True))
    assert names.slug_of("nf") == "nf"
    assert names.slug_of("nrth") == "north"


def test_a_manual_carrier_name_wins_over_the_packaged_one(names: CarrierNames) -> None:
    names.learn(record("south", aliases=["NRTH"]))
    assert names.slug_of("nrth") == "south"
    assert names.with_aliases({"nrth": "west"}).get("nrth") == "south"


def test_a_files_own_aliases_go_before_other_files_names(names: CarrierNames) -> None:
    own = names.with_aliases({"nrth": "west"})
    assert (own.get("nrth"), own.get("South"), own.get("nobody", "as it was")) == ("west", "south", "as it was")


def test_what_two_call_alike_is_always_the_same_ones(names: CarrierNames) -> None:
    names.learn(record("south", aliases=["Both"]))
    names.learn(record("north", aliases=["Both"]))
    other = CarrierNames()
    other.learn(record("north", aliases=["Both"]))
    other.learn(record("south", aliases=["Both"]))
    assert names.slug_of("both") == other.slug_of("both") == "north"


def test_other_kinds_name_no_carrier(names: CarrierNames) -> None:
    names.learn(MasterRecord(MasterKind.CUSTOMER, "north", 1, "mo", aliases=["NF"]))
    assert names.master_data_slug("NF") is None


def test_a_name_is_compared_by_letters_and_digits_alone() -> None:
    assert match_key(" R+L Carriers, Inc. ") == "rlcarriersinc"
