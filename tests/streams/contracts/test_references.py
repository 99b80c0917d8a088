"""Which reference tells what shipment it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.model import Reference
from streams.contracts.references import (
    IDENTIFYING,
    MOST_NAMED,
    Named,
    by_specificity,
    identifying,
    most_specific,
    named,
    parse_key,
)


def of(*pairs: str) -> list[Reference]:
    return [Reference(*pair.split(":", 1)) for pair in pairs]


def test_a_reference_is_told_without_its_spelling() -> None:
    assert named(Reference(" BOL ", " b 4711\t")) == Named("bol", "B4711")


@pytest.mark.parametrize(
    ("references", "meant"),
    [
        (of("po:P1", "bol:B1"), "bol:B1"),
        (of("customer:C1", "po:P1"), "po:P1"),
        (of("po:P1", "sscc:003400", "pro:9"), "sscc:003400"),
        (of("booking:K1", "container:MSKU1"), "container+booking:MSKU1/K1"),
        (of("booking:K1", "container:MSKU1", "container:MSKU2"), "booking:K1"),
        (of("container:MSKU1", "po:P1"), "container:MSKU1"),
        (of("department:D1", "customer:C1"), "department:D1"),
        (of("bol: ", "po:P1"), "po:P1"),
    ],
)
def test_the_most_specific_reference_tells(references: list[Reference], meant: str) -> None:
    found = most_specific(references)
    assert found is not None
    assert found.key == meant


@given(st.permutations(of("po:P1", "bol:B1", "booking:K1", "container:C1", "customer:X", "sscc:1")))
def test_the_sequence_a_carrier_names_them_in_does_not_matter(references: list[Reference]) -> None:
    assert [one.type for one in identifying(references)] == [
        "sscc", "container+booking", "bol", "booking", "container", "po",
    ]


def test_only_types_that_name_one_shipment_identify() -> None:
    assert identifying(of("customer:C1", "invoice:I1", "department:D1")) == []
    assert [one.type for one in by_specificity(of("customer:C1", "po:P1"))] == ["po", "customer"]


def test_of_references_without_a_value_nothing_is_told() -> None:
    assert most_specific(of("bol: ", "po:")) is None
    assert most_specific([]) is None


def test_a_list_of_hundreds_names_no_more_than_a_few() -> None:
    assert len(by_specificity([Reference("sscc", str(number)) for number in range(500)])) == MOST_NAMED


def test_no_type_is_ranked_twice() -> None:
    assert len(set(IDENTIFYING)) == len(IDENTIFYING)


@pytest.mark.parametrize(
    ("text", "read"),
    [("BOL: b 1", Named("bol", "B1")), ("container+booking:M1/k2", Named("container+booking", "M1/K2")),
     ("bol", None), (":B1", None), ("bol: ", None)],
)
def test_a_reference_is_written_as_type_and_value(text: str, read: Named | None) -> None:
    assert parse_key(text) == read
