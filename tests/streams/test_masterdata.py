"""What people say of references becomes claims."""

from __future__ import annotations

from typing import Any

import pytest

from streams.masterdata import master_key, said_by_hand
from streams.model import MasterRecord, ReferenceClaim
from streams.vocabulary import MasterKind, RejectReason, SaidBy


def record(**changes: Any) -> MasterRecord:
    fields: dict[str, Any] = {
        "kind": MasterKind.REFERENCE, "id": "bol:B1", "updated_at": 9, "updated_by": "mo", "carrier": "north",
        "tracking_number": "N1", **changes,
    }
    return MasterRecord(**fields)


def test_a_person_says_whose_a_reference_is() -> None:
    claims, rejects = said_by_hand([record(valid_at=5), record(id="container+booking:M1/K2")])
    assert claims == [
        ReferenceClaim("bol", "B1", "north", "N1", SaidBy.PERSON, 9, 5),
        ReferenceClaim("container+booking", "M1/K2", "north", "N1", SaidBy.PERSON, 9, 9),
    ]
    assert rejects == []


def test_a_person_takes_it_back() -> None:
    [claim], _ = said_by_hand([record(carrier="", tracking_number="", withdrawn=True)])
    assert (claim.withdrawn, claim.said_at) == (True, 9)


def test_other_kinds_say_nothing_of_references() -> None:
    assert said_by_hand([record(kind=MasterKind.CARRIER, id="north")]) == ([], [])


@pytest.mark.parametrize("changes", [{"id": "bol"}, {"id": ":B1"}, {"carrier": ""}, {"tracking_number": ""}])
def test_half_a_word_is_refused_alone(changes: dict[str, Any]) -> None:
    claims, [(place, reject)] = said_by_hand([record(**changes), record()])
    assert (place, reject.reason, len(claims)) == (0, RejectReason.CONTRACT_BROKEN, 1)


def test_a_record_is_keyed_by_kind_and_id() -> None:
    assert master_key(MasterKind.REFERENCE, "bol:B1") == "reference:bol:B1"
