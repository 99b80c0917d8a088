"""How much of a carrier's published code list is mapped."""

from __future__ import annotations

import pytest

from connectors.carriers import Carrier, discover
from connectors.mapping.declared.published_codes import published_codes, repeated, share_of
from connectors.mapping.declared.schema import Group, Statuses
from connectors.mapping.declared.status_tables import StatusTable
from streams.kernel.vocabulary import Milestone

WITH_LISTS = [one for one in discover() if one.published]


def test_codes_of_a_type_are_looked_up_with_it_and_those_of_none_without() -> None:
    assert published_codes({"X": ["05", "05"], "": ["011"]}) == ("X:05", "011")
    assert published_codes(["DL", "PU", "DL"]) == ("DL", "PU")


def test_the_share_tells_what_is_missing_and_what_only_its_type_maps() -> None:
    table = StatusTable(Statuses(
        "a test", {"D:*": Milestone.DELIVERED, "I:OT": Milestone.OUT_FOR_DELIVERY},
        published={"D": ["FS"], "I": ["OT", "ZZ"]},
    ))
    share = share_of("events", table.source, table.published, table.mapped)
    assert (share.mapped, share.codes, share.by_type, share.missing) == (2, 3, 1, ["I:ZZ"])


def test_a_code_in_two_groups_is_found() -> None:
    assert repeated([Group(["A", "B"], Milestone.INFO), Group(["C", "B"], Milestone.STORED)]) == "B"
    assert repeated([Group(["A"], Milestone.INFO, under=["X"]), Group(["A"], Milestone.INFO, under=["I"])]) is None


@pytest.mark.parametrize("carrier", WITH_LISTS, ids=lambda one: str(one.feed))
def test_every_published_code_of_a_packaged_carrier_is_mapped(carrier: Carrier) -> None:
    assert {one.table: one.missing for one in carrier.published if one.missing} == {}
