"""Corrections of one shipment: after them stands what the edited mapping would have brought about from the start."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.contracts.ids import event_id
from streams.contracts.model import CarrierEvent, OrderReference, ProofOfDelivery, Reference, Source
from streams.intake.mapping_diff import digest_of, meaning_of
from streams.intake.remap import Corrections, Place, corrections, place_of, standing
from streams.kernel.vocabulary import Correction, ExceptionType, Flag, Milestone, Precision
from streams.shipments.record import Shipment
from streams.shipments.step import Received, step
from streams.shipments.told import told
from tests.support.strategies import DAY_ONE, MINUTE, carrier_event, reference

KEY = "north:N100"
TOPIC = "raw.north.track.v1"
OTHER_TOPIC = "raw.west.all.v1"
MOVING, OUT, DELIVERED = Milestone.IN_TRANSIT, Milestone.OUT_FOR_DELIVERY, Milestone.DELIVERED
Said = dict[Place, list[CarrierEvent]]


def scan(milestone: Milestone, offset: int, minutes: int = 5, **changes: object) -> CarrierEvent:
    """The scan of one raw record, under the id that intake would give it."""
    topic = str(changes.pop("topic", TOPIC))
    source = Source(topic.removeprefix("raw.").removesuffix(".v1"), "webhook", topic, 0, offset, 0, "c")
    one = carrier_event(milestone, minutes, source=source, received_at=DAY_ONE + (60 + offset) * MINUTE, **changes)
    own_id = event_id(
        one.carrier, one.tracking_number, milestone, one.carrier_code, one.occurred_at, one.location, one.piece
    )
    return replace(one, event_id=own_id) if one.correction is Correction.NEW else one


def taken_back(event: CarrierEvent, offset: int) -> CarrierEvent:
    """The carrier takes an event back by another raw record."""
    return replace(
        event, event_id=digest_of((event.event_id,)) * 2, correction=Correction.RETRACTS, corrects=event.event_id,
        source=replace(event.source, offset=offset), received_at=DAY_ONE + (60 + offset) * MINUTE,
    )


def said(*events: CarrierEvent) -> Said:
    """The events, by raw record."""
    found: Said = {}
    for one in events:
        found.setdefault(place_of(one), []).append(one)
    return found


def meant(events: Sequence[CarrierEvent]) -> list[str]:
    return sorted({digest_of(meaning_of(one)) for one in standing(events).values()})


def corrected(published: list[CarrierEvent], remapped: Said) -> Corrections:
    return corrections(published, remapped, KEY)


def test_an_event_with_another_milestone_replaces_the_published_one_under_its_own_id() -> None:
    was, now = scan(MOVING, 1), scan(DELIVERED, 1)
    [one] = corrected([was], said(now)).events
    assert (one.event_id, one.correction, one.corrects) == (now.event_id, Correction.REPLACES, was.event_id)
    assert one.flags == [Flag.REMAPPED.value]
    assert one.source == now.source


def test_the_same_id_with_another_meaning_gets_an_id_of_its_own() -> None:
    was = scan(MOVING, 1)
    now = scan(MOVING, 1, exception=ExceptionType.DAMAGE)
    assert was.event_id == now.event_id
    [one] = corrected([was], said(now)).events
    assert one.event_id != was.event_id
    assert (one.correction, one.corrects, one.exception) == (Correction.REPLACES, was.event_id, ExceptionType.DAMAGE)
    assert corrected([was], said(now)).events == [one], "its id is stable"


def test_after_the_corrections_there_is_nothing_to_correct() -> None:
    was, now = scan(MOVING, 1), scan(MOVING, 1, exception=ExceptionType.DAMAGE)
    done = corrected([was], said(now)).events
    assert corrected([was, *done], said(now)) == Corrections()
    assert corrected([was, *done, *done], said(now)) == Corrections(), "written twice"


def test_a_mapping_edited_back_is_corrected_back() -> None:
    was, now = scan(MOVING, 1), scan(DELIVERED, 1)
    published = [was, *corrected([was], said(now)).events]
    [back] = corrected(published, said(was)).events
    assert (back.milestone, back.correction, back.corrects) == (MOVING, Correction.REPLACES, now.event_id)
    assert back.event_id not in (was.event_id, now.event_id), "an id that was void stays void"
    published.append(back)
    assert meant(published) == meant([was])
    [again] = corrected(published, said(now)).events
    assert again.event_id not in {one.event_id for one in published}
    assert meant([*published, again]) == meant([now])


def test_an_event_of_a_former_dead_letter_is_published_as_intake_would() -> None:
    now = scan(MOVING, 1)
    assert corrected([], said(now)).events == [now]
    assert corrected([now], said(now)) == Corrections()


def test_an_event_that_is_gone_is_retracted() -> None:
    was = scan(DELIVERED, 1)
    [one] = corrected([was], {place_of(was): []}).events
    assert (one.correction, one.corrects, one.flags) == (Correction.RETRACTS, was.event_id, [Flag.REMAPPED.value])
    assert corrected([was, one], {place_of(was): []}) == Corrections()


def test_an_event_that_another_feed_reports_too_is_not_retracted() -> None:
    ours, theirs = scan(DELIVERED, 1), scan(DELIVERED, 9, topic=OTHER_TOPIC)
    assert ours.event_id == theirs.event_id
    assert corrected([ours, theirs], {place_of(ours): []}) == Corrections()
    moved = scan(MOVING, 1)
    [one] = corrected([ours, theirs], said(moved)).events
    assert (one.event_id, one.correction) == (moved.event_id, Correction.NEW), "theirs stands, ours is another event"


def test_an_event_read_twice_is_corrected_once() -> None:
    first, again = scan(MOVING, 1), scan(MOVING, 2)
    assert len(corrected([first, again], said(scan(DELIVERED, 1), scan(DELIVERED, 2))).events) == 1
    assert corrected([first, again], {place_of(again): []}) == Corrections(), "the first raw record still says so"


def test_a_retraction_that_the_carrier_did_not_mean_is_shown_to_a_person() -> None:
    was = scan(DELIVERED, 1)
    back, moving = taken_back(was, 2), scan(MOVING, 2, 7)
    found = corrected([was, back], said(was, moving))
    assert found.events == [moving]
    assert [one for one, _ in found.held] == [was], "a delivery is not put back by itself"
    assert corrected([was, back, moving], said(was, moving)).events == []


def test_a_retraction_read_for_the_first_time_is_published_as_the_carrier_meant_it() -> None:
    was = scan(DELIVERED, 1)
    back = taken_back(was, 2)
    assert corrected([was], said(back)).events == [back]
    assert corrected([was, back], said(back)) == Corrections()


def test_an_event_that_comes_without_a_number_now_stays() -> None:
    was = scan(MOVING, 1)
    found = corrected([was], said(replace(was, tracking_number="", references=[Reference("bol", "B1")])))
    assert (found.events, [one for one, _ in found.held]) == ([], [was])


def test_an_event_read_with_its_number_takes_the_place_of_the_one_resolved_by_a_reference() -> None:
    resolved = replace(scan(MOVING, 1), event_id="e" * 32, flags=[Flag.RESOLVED_BY_ORDER.value])
    now = scan(MOVING, 1, 6)
    [one] = corrected([resolved], said(now)).events
    assert (one.event_id, one.correction, one.corrects) == (now.event_id, Correction.REPLACES, resolved.event_id)
    unresolved = replace(resolved, tracking_number="", flags=[])
    assert corrected([resolved], said(unresolved)) == Corrections(), "the identity stage's business"


def test_another_number_moves_the_event_to_its_shipment() -> None:
    was, now = scan(MOVING, 1), scan(MOVING, 1, tracking_number="N200")
    [gone] = corrected([was], said(now)).events
    assert (gone.correction, gone.tracking_number) == (Correction.RETRACTS, "N100")
    assert corrections([], said(now), "north:N200").events == [now]


def test_what_a_person_said_is_left_alone() -> None:
    word = scan(DELIVERED, 0, 9, topic="carrier.events.v1", flags=[Flag.CONFIRMED_BY_PERSON.value])
    was = scan(DELIVERED, 1)
    done = corrected([was, word], {place_of(was): []}).events
    assert [one.corrects for one in done] == [was.event_id]


MILESTONES = st.sampled_from([MOVING, OUT, DELIVERED, Milestone.DELIVERY_ATTEMPTED, Milestone.RETURNING])


@st.composite
def readings(draw: st.DrawFn) -> list[CarrierEvent]:
    """The events of a few raw records: some are unreadable, some hold several events or a retraction."""
    found: list[CarrierEvent] = []
    for offset in range(draw(st.integers(1, 4))):
        for index in range(draw(st.integers(0, 2))):
            one = scan(
                draw(MILESTONES), offset, 2 * offset + draw(st.integers(1, 2)),
                exception=draw(st.sampled_from([ExceptionType.NONE, ExceptionType.DAMAGE])),
                precision=draw(st.sampled_from([Precision.INSTANT, Precision.DATE_ONLY])),
                proof_of_delivery=draw(st.sampled_from([None, ProofOfDelivery("Ada")])),
                carrier_event_id=draw(st.sampled_from([None, None, "own-1", "own-2"])),
            )
            if one.event_id not in {each.event_id for each in found}:
                found.append(replace(one, source=replace(one.source, index=index)))
        if found and draw(st.integers(0, 4)) == 0:
            found.append(taken_back(draw(st.sampled_from(found)), offset))
    return found


@st.composite
def others(draw: st.DrawFn) -> list[CarrierEvent]:
    """The events another feed reports of the shipment, some under the same ids."""
    return [
        scan(draw(MILESTONES), 50 + place, draw(st.integers(1, 12)), topic=OTHER_TOPIC)
        for place in range(draw(st.integers(0, 2)))
    ]


def lived(events: Sequence[CarrierEvent]) -> Shipment | None:
    order: OrderReference = reference()
    result = step([order, *(Received(one, b"") for one in events)], {})
    return result.states.get(KEY)


def outcome(shipment: Shipment | None) -> object:
    """The last message of each id that readers of a shipment have."""
    if shipment is None:
        return None
    stands, view = told([shipment]), shipment.view
    facts = {(key[:2], item.news.entry.at, item.news.entry.exception) for key, item in stands.milestones.items()}
    news = {(key[0], item.news.entry.milestone, item.news.entry.at) for key, item in stands.updates.items()}
    return shipment.status, view.delivered_at, [one.type for one in view.open], facts, news


def remapped_by(mapping: list[CarrierEvent], published: list[CarrierEvent]) -> Said:
    """The mapping's events, by every raw record of its feed."""
    return {place_of(one): [] for one in published if one.source.topic == TOPIC} | said(*mapping)


@given(st.lists(readings(), min_size=2, max_size=4), others())
def test_the_end_is_that_of_the_last_mapping_from_the_start(
    mappings: list[list[CarrierEvent]], theirs: list[CarrierEvent]
) -> None:
    published = [*mappings[0], *theirs]
    for mapping in mappings[1:]:
        remapped = remapped_by(mapping, published)
        found = corrected(published, remapped)
        published = [*published, *found.events]
        again = corrected(published, remapped)
        assert (again.events, again.held) == ([], found.held)
        if found.held or {one.event_id for one in theirs} & {one.event_id for each in mappings for one in each}:
            return
        wanted = [*theirs, *mapping]
        assert meant(published) == meant(wanted)
        assert outcome(lived(published)) == outcome(lived(wanted))


@given(st.lists(readings(), min_size=2, max_size=4), others())
def test_what_another_feed_reports_is_never_corrected(
    mappings: list[list[CarrierEvent]], theirs: list[CarrierEvent]
) -> None:
    published = [*mappings[0], *theirs]
    for mapping in mappings[1:]:
        done = corrected(published, remapped_by(mapping, published)).events
        ours = {one.corrects for one in done if Flag.REMAPPED.value in one.flags}
        assert not ours & {one.event_id for one in theirs}
        published += done
