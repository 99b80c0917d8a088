"""Which numbers belong together, by what carriers say of them."""

from __future__ import annotations

import pytest

from streams.contracts.link_paths import ends_with, links_of, path_of, steps_of
from streams.contracts.model import Reference, ShipmentLink
from streams.kernel.vocabulary import LinkKind


@pytest.mark.parametrize(("type", "kind"), [
    ("return_tracking", LinkKind.RETURN_LEG), ("piece", LinkKind.PIECE),
])
def test_a_number_of_the_same_carrier_is_a_part_of_the_events_shipment(type: str, kind: LinkKind) -> None:
    assert list(links_of("north", "N100", [Reference(type, " n 200 ")])) == [
        ShipmentLink("north", "N200", "north", "N100", kind)
    ]


def test_another_name_of_the_shipment_goes_both_ways() -> None:
    assert list(links_of("north", "N100", [Reference("alternate_tracking", "N200")])) == [
        ShipmentLink("north", "N200", "north", "N100", LinkKind.ALIAS),
        ShipmentLink("north", "N100", "north", "N200", LinkKind.ALIAS),
    ]


def test_the_carrier_that_goes_on_with_its_own_number_is_a_part() -> None:
    assert list(links_of("north", "N100", [Reference("tracking", "S7", "South")])) == [
        ShipmentLink("south", "S7", "north", "N100", LinkKind.HANDED_OVER)
    ]


@pytest.mark.parametrize("reference", [
    Reference("tracking", "S7"), Reference("po", "4711"), Reference("piece", "N100"), Reference("piece", " "),
    Reference("piece", "9" * 300), Reference("alternate_tracking", "n 100", "North"),
])
def test_other_references_its_own_number_and_what_is_no_number_link_nothing(reference: Reference) -> None:
    assert list(links_of("north", "N100", [reference])) == []


def test_a_path_keeps_its_steps_and_its_end() -> None:
    path = path_of("south:S7", "east:E1", "north:N100")
    assert steps_of(path) == ["south:S7", "east:E1", "north:N100"]
    assert ends_with(path, path_of("east:E1", "north:N100"))
    assert not ends_with(path, "north:N10")
    assert not ends_with("xsouth:S7", "south:S7")
