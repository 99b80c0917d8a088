"""The shape of a payload: its fields and the kinds of their values, and what of it is told once."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.model import Novelty
from streams.intake.payload_shape import (
    ReportedShapes,
    sampled,
    shape,
)
from tests.support.records import FakeRecord, records


def test_a_message_is_known_by_its_fields_and_the_kinds_of_their_values() -> None:
    message = {"number": "1Z", "scans": [{"at": 7, "ok": True}, {"at": 7.5, "note": None}], "empty": "", "none": []}
    assert shape(message) == {"number: text", "scans[].at: number", "scans[].ok: boolean"}


def test_keys_that_are_values_do_not_make_a_new_field_each() -> None:
    assert shape({"by_id": {"383707309": {"n": 1}, "383707310": {"n": 2}}}) == {"by_id.{}.n: number"}


@given(st.recursive(st.none() | st.text() | st.integers() | st.booleans(), lambda inner: st.lists(inner)
                    | st.dictionaries(st.text(max_size=5), inner), max_leaves=30))
def test_any_message_has_a_shape(message: Any) -> None:
    assert all(isinstance(part, str) for part in shape(message))


def test_a_worker_tells_a_thing_once_and_where_it_stands() -> None:
    shapes = ReportedShapes()
    assert shapes.unreported("acme", ["a", "b"], FakeRecord("raw.acme.v1", 0, 7)) == [
        Novelty("a", "raw.acme.v1", 0, 7), Novelty("b", "raw.acme.v1", 0, 7),
    ]
    assert shapes.unreported("acme", ["b", "c"], FakeRecord("raw.acme.v1", 0, 8)) == [Novelty("c", "raw.acme.v1", 0, 8)]
    assert len(shapes.unreported("other", ["a"], FakeRecord("raw.other.v1", 0, 0))) == 1


def test_a_few_records_of_a_chunk_are_looked_at_and_of_a_small_one_all() -> None:
    assert [one.offset for one in sampled(records("raw.acme.v1", 0, 0, 2))] == [0, 1, 2]
    assert [one.offset for one in sampled(records("raw.acme.v1", 0, 0, 2_499))] == [0, 625, 1_250, 1_875]
