"""The one law of the fast path: ``insert`` comes to what ``project`` comes to, and sends what ``diff`` sends."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.shipments import chunk
from streams.shipments.chunk import shipments_under
from streams.shipments.diff import milestones_between, updates_between
from streams.shipments.project import all_facts, is_plain, project, view_of
from streams.shipments.record import decode, encode
from streams.shipments.reuse.archive import ALL
from streams.shipments.told import Told, told
from tests.support import laws
from tests.support.shipment_told import DELIVERED, OUT
from tests.support.shipment_told import told as tell
from tests.support.strategies import families, histories, reference, references, wavering

NOTHING = Told({}, {}, {})
HISTORIES = st.one_of(
    histories(), wavering(),
    st.tuples(histories(), families(), st.lists(references(withdrawn=True), max_size=3)).flatmap(
        lambda said: st.permutations([*said[0], *said[1], *said[2]])
    ),
)


@given(HISTORIES)
def test_with_the_fast_path_and_without_it_every_record_and_every_message_is_the_same(
    history: Sequence[laws.Said],
) -> None:
    with_it = laws.tell([history])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunk, "is_plain", lambda *_: False)
        without = laws.tell([history])
    assert with_it == without


def test_most_events_take_the_fast_path(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[bool] = []
    monkeypatch.setattr(
        chunk, "is_plain", lambda *args: taken.append(is_plain(*args)) or taken[-1]
    )
    tell(reference(), OUT, DELIVERED)
    assert taken == [True, True]


@given(HISTORIES)
def test_a_stored_view_is_the_projection_of_the_stored_facts(history: Sequence[laws.Said]) -> None:
    for record in laws.tell([[one] for one in history]).records.values():
        shipment = decode(record)
        parts = project(all_facts(shipment), ALL)
        parts[-1].ended = tuple(one.facts for one in parts[:-1])
        assert encode(parts[-1]) == encode(shipment)
        assert view_of(shipment.facts, generation=len(parts)) == shipment.view


@given(HISTORIES)
def test_what_customers_and_the_erp_were_told_last_is_what_is_told_of_the_records(
    history: Sequence[laws.Said],
) -> None:
    outcome = laws.tell([[one] for one in history])
    numbers = [shipments_under(decode(record), ALL) for record in outcome.records.values()]
    updates, milestones = outcome.standing
    assert updates == {one.update_id for under in numbers for one in updates_between(NOTHING, told(under), under)}
    assert milestones == {
        one.milestone_id for under in numbers for one in milestones_between(NOTHING, told(under), under, "")
    }
