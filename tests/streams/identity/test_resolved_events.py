"""An event becomes a shipment's, under ids of its own."""

from __future__ import annotations

from streams.identity.resolved_events import FLAG_OF, resolved_event, resolved_id, retraction_of
from streams.kernel.vocabulary import Correction, Flag, SaidBy
from tests.support.reference_inputs import unresolved


def test_an_id_tells_event_shipment_and_how_often_it_was_taken_back() -> None:
    ids = {
        resolved_id(event_id, shipment, turns)
        for event_id in ("a", "b") for shipment in ("north:N1", "north:N2") for turns in (0, 1)
    }
    assert len(ids) == 8
    assert all(len(one) == 32 for one in ids)


def test_among_others_an_event_has_the_same_place_however_often_it_was_taken_back() -> None:
    ids = [f"{number}" for number in range(20)]
    once = sorted(ids, key=lambda one: resolved_id(one, "north:N1", 0))
    assert once == sorted(ids, key=lambda one: resolved_id(one, "north:N1", int(one) % 3))


def test_what_is_taken_back_is_what_was_told_and_nothing_the_carrier_said() -> None:
    event = unresolved(estimated_delivery_at=5, carrier_event_id="E-1")
    there = resolved_event(event, "north", "N1", SaidBy.ORDER, 1, 0)
    back = retraction_of(event, "north", "N1", 1)
    assert (back.correction, back.corrects) == (Correction.RETRACTS, there.event_id)
    assert back.event_id not in (there.event_id, event.event_id)
    assert (back.estimated_delivery_at, back.carrier_event_id) == (None, None)
    assert there.event_id != event.event_id


def test_the_events_own_contents_stay_as_they_were() -> None:
    event = unresolved(flags=[Flag.CODE_UNMAPPED.value])
    there = resolved_event(event, "north", "N1", SaidBy.PERSON, 0, 0)
    assert there.flags == ["code_unmapped", "resolved_by_person"]
    assert (event.flags, event.tracking_number) == (["code_unmapped"], "")
    assert (there.carrier_text, there.occurred_at, there.references) == (
        event.carrier_text, event.occurred_at, event.references,
    )


def test_everybody_who_may_say_so_has_a_flag() -> None:
    assert set(FLAG_OF) == set(SaidBy)
