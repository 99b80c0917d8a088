"""People's words on references, and on numbers that belong together, go where they count."""

from __future__ import annotations

from typing import Any

import pytest

from streams.contracts.model import MasterRecord, ReferenceClaim, ShipmentLink
from streams.kernel.vocabulary import LinkKind, MasterKind, RejectReason, SaidBy
from streams.masterdata.step import step


def record(**changes: Any) -> MasterRecord:
    fields: dict[str, Any] = {
        "kind": MasterKind.REFERENCE, "id": "bol:B1", "updated_at": 9, "updated_by": "mo", "carrier": "north",
        "tracking_number": "N1", **changes,
    }
    return MasterRecord(**fields)


def test_a_manual_reference_names_its_shipment() -> None:
    out = step([record(valid_at=5), record(id="container+booking:M1/K2")])
    assert out.outputs.claims == [
        ReferenceClaim("bol", "B1", "north", "N1", SaidBy.PERSON, 9, 5),
        ReferenceClaim("container+booking", "M1/K2", "north", "N1", SaidBy.PERSON, 9, 9),
    ]
    assert (out.outputs.links, out.refused) == ([], [])


def test_a_manual_record_can_be_withdrawn() -> None:
    [claim] = step([record(carrier="", tracking_number="", withdrawn=True)]).outputs.claims
    assert (claim.withdrawn, claim.said_at) == (True, 9)


def test_other_kinds_say_nothing_of_shipments() -> None:
    out = step([record(kind=MasterKind.CARRIER, id="north"), record(kind=MasterKind.CUSTOMER, id="C-1")])
    assert (out.outputs.claims, out.outputs.links, out.refused) == ([], [], [])


def link(**changes: Any) -> MasterRecord:
    fields = {
        "kind": MasterKind.LINK, "id": "north:N2>north:N1", "tracking_number": "N2", "of_carrier": "north",
        "of_tracking_number": "N1", "link": "relabelled", **changes,
    }
    return record(**fields)


def test_a_manual_link_connects_two_numbers() -> None:
    assert step([link(), link(withdrawn=True)]).outputs.links == [
        ShipmentLink("north", "N2", "north", "N1", LinkKind.RELABELLED, 9, False, "mo"),
        ShipmentLink("north", "N2", "north", "N1", LinkKind.RELABELLED, 9, True, "mo"),
    ]


def test_another_name_of_the_same_holds_both_ways() -> None:
    assert [one.tracking_number for one in step([link(link="alias")]).outputs.links] == ["N2", "N1"]


@pytest.mark.parametrize(
    ("changes", "path"),
    [({"link": "cousin"}, "link"), ({"of_carrier": ""}, "of_tracking_number"),
     ({"of_tracking_number": "N2"}, "of_tracking_number")],
)
def test_a_link_of_nothing_is_refused(changes: dict[str, Any], path: str) -> None:
    [(place, reject)] = step([link(**changes)]).refused
    assert (place, reject.path) == (0, path)


@pytest.mark.parametrize("changes", [{"id": "bol"}, {"id": ":B1"}, {"carrier": ""}, {"tracking_number": ""}])
def test_half_a_word_is_refused_alone(changes: dict[str, Any]) -> None:
    out = step([record(**changes), record()])
    [(place, reject)] = out.refused
    assert (place, reject.reason, len(out.outputs.claims)) == (0, RejectReason.CONTRACT_BROKEN, 1)

