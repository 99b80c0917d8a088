"""The corrections that turn a shipment's published events into those of an edited mapping.

Part of the command line's re-map; no stage runs it. Both the published events and the wanted ones (the edited
mapping's, and all that do not come of the raw records looked at) are reduced to the events that stand. What stands in
one and not in the other is corrected, if it comes of those raw records. So a correction of a correction, or back to the
first mapping, is like any other, and where everything wanted stands, nothing is corrected.

An event id never comes back: once it was retracted or replaced, it is void for ever, whoever reports it. So an event
that another raw record reports, too, is never corrected; and one that is to stand again, or under its old id with
another meaning, gets an id of its own, made of what it says and of what it corrects.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from streams.contracts.ids import digest
from streams.contracts.model import CarrierEvent
from streams.intake.mapping_diff import digest_of, is_remapped, is_resolved, is_retraction, meaning_of
from streams.kernel.vocabulary import Correction, Flag

Place = tuple[str, int, int]
"""Topic, partition and offset of a raw record."""
WITHOUT_NUMBER = "the edited mapping reports it without a tracking number"
TAKEN_BACK = "its carrier took it back, or sent it again with other facts, in a record that is read otherwise now"
AT_ODDS = "its carrier's own corrections are at odds with this one"
_RESOLVED_ANEW = Flag.RESOLVED_ANEW.value


class Corrections(Struct):
    """Holds the corrections of one shipment. ``events``: to be published, retractions last, so that an item another
    event tells too is not taken back in between. ``held``: events that cannot be corrected, and why; they are left as
    they are."""

    events: list[CarrierEvent] = field(default_factory=list)
    held: list[tuple[CarrierEvent, str]] = field(default_factory=list)


def place_of(event: CarrierEvent) -> Place:
    """Returns the topic, partition and offset of an event's raw record."""
    return event.source.topic, event.source.partition, event.source.offset


def corrections(
    published: Sequence[CarrierEvent], remapped: Mapping[Place, Sequence[CarrierEvent]], key: str
) -> Corrections:
    """The corrections of one shipment.

    ``published``: all its events on ``carrier.events``, in their order. ``remapped``: what the edited mapping makes of
    the raw records that were looked at, of all shipments; at least those of which it says something else than was
    published, or that were corrected before. ``key``: the shipment, CARRIER:NUMBER.
    """
    found = _once(published, remapped, key)
    again = _once([*published, *found.events], remapped, key) if found.events else found
    if found.events and (again.events or again.held != found.held):
        return Corrections([], [*found.held, *((one, AT_ODDS) for one in found.events)])
    return found


def _once(
    published: Sequence[CarrierEvent], remapped: Mapping[Place, Sequence[CarrierEvent]], key: str
) -> Corrections:
    stays = [one for one in published if not _is_looked_at(one, remapped)]
    new = [
        one for place in sorted(remapped) for one in remapped[place]
        if one.tracking_number and f"{one.carrier}:{one.tracking_number}" == key
    ]
    known, kept = {one.event_id for one in published}, {one.event_id for one in stays}
    has, wants = standing(published), standing([*stays, *new])
    gone, added = _differences(has, wants)
    retractions = {one.corrects: one for one in new if is_retraction(one) and one.event_id not in known}
    found = Corrections([*retractions.values()])
    left = []
    for one in gone:
        if not _is_looked_at(one, remapped) or one.event_id in kept or one.event_id in retractions:
            continue
        if _comes_without_number(one, remapped):
            found.held.append((one, WITHOUT_NUMBER))
        else:
            left.append(one)
    ours, going, coming = {id(one) for one in new}, {one.event_id for one in left}, []
    for one in added:
        if id(one) not in ours or (one.event_id in has and one.event_id not in going):
            continue
        if _is_void_by_its_carrier(one, published, going):
            found.held.append((one, TAKEN_BACK))
        else:
            coming.append(one)
    for before, after in _pairs(left, coming):
        if after is None:
            found.events += [] if before is None else [_retraction(before)]
        elif before is not None:
            found.events.append(_in_place_of(before.event_id, _freed(after, published), _used(published)))
        else:
            found.events.append(_added(_freed(after, published), published))
    found.events.sort(key=is_retraction)
    return found


def _is_looked_at(event: CarrierEvent, remapped: Mapping[Place, Sequence[CarrierEvent]]) -> bool:
    """Whether the event comes of a raw record that was looked at; but not what the identity stage made of one that the
    edited mapping reports without a number, too."""
    events = remapped.get(place_of(event))
    if events is None:
        return False
    return not is_resolved(event) or all(
        one.tracking_number or one.source.index != event.source.index for one in events
    )


def _comes_without_number(event: CarrierEvent, remapped: Mapping[Place, Sequence[CarrierEvent]]) -> bool:
    return not is_resolved(event) and any(
        not one.tracking_number and one.source.index == event.source.index for one in remapped[place_of(event)]
    )


def standing(events: Iterable[CarrierEvent]) -> dict[str, CarrierEvent]:
    """The events that stand, by id: not corrected, not sent again by their carrier with other facts, and no retraction.

    The rules are those of the shipments stage (``shipments/project.py``): of several sightings of an id the one
    received first counts; what another shipment's event corrects does not.
    """
    first: dict[str, CarrierEvent] = {}
    for one in events:
        known = first.get(one.event_id)
        if known is None or one.received_at < known.received_at:
            first[one.event_id] = one
    disowned = {one.corrects for one in first.values() if _disowns(one)}
    own = [one for one in first.values() if one.event_id not in disowned and not _disowns(one)]
    void = {one.corrects for one in own if one.correction is not Correction.NEW and one.corrects != one.event_id}
    newest: dict[str, int] = {}
    for one in own:
        if one.carrier_event_id is not None:
            newest[one.carrier_event_id] = max(one.received_at, newest.get(one.carrier_event_id, 0))
    return {
        one.event_id: one for one in own
        if one.event_id not in void and not is_retraction(one)
        and (one.carrier_event_id is None or one.received_at >= newest[one.carrier_event_id])
    }


def _disowns(event: CarrierEvent) -> bool:
    return is_retraction(event) and _RESOLVED_ANEW in event.flags


def _differences(
    has: Mapping[str, CarrierEvent], wants: Mapping[str, CarrierEvent]
) -> tuple[list[CarrierEvent], list[CarrierEvent]]:
    """Splits the differences: the events that stand and are not wanted, and those wanted that do not stand. Compares
    meanings, whatever the ids."""
    left: dict[str, list[str]] = {}
    for name, one in has.items():
        left.setdefault(digest_of(meaning_of(one)), []).append(name)
    stays, missing = set[str](), list[CarrierEvent]()
    for name, one in sorted(wants.items(), key=lambda item: item[0] not in has):
        same = left.get(digest_of(meaning_of(one)), [])
        if not same:
            missing.append(one)
            continue
        found = name if name in same else same[0]
        same.remove(found)
        stays.add(found)
    return [one for name, one in has.items() if name not in stays], missing


def _pairs(
    gone: Sequence[CarrierEvent], added: Sequence[CarrierEvent]
) -> list[tuple[CarrierEvent | None, CarrierEvent | None]]:
    """Each event that goes with the one that takes its place: under the same id, or else of the same scan."""
    left, pairs, unmatched = list(gone), list[tuple[CarrierEvent | None, CarrierEvent | None]](), list(added)
    for is_match in (_is_same_id, _is_same_scan):
        rest = []
        for one in unmatched:
            other = next((each for each in left if is_match(each, one)), None)
            if other is None:
                rest.append(one)
            else:
                left.remove(other)
                pairs.append((other, one))
        unmatched = rest
    return [*pairs, *((None, one) for one in unmatched), *((one, None) for one in left)]


def _is_same_id(one: CarrierEvent, other: CarrierEvent) -> bool:
    return one.event_id == other.event_id


def _is_same_scan(one: CarrierEvent, other: CarrierEvent) -> bool:
    return (place_of(one), one.source.index) == (place_of(other), other.source.index)


def _used(published: Iterable[CarrierEvent]) -> set[str]:
    """The ids that events had, and those that corrections named: none of them can be an event's again."""
    return {name for one in published for name in (one.event_id, one.corrects) if name is not None}


def _freed(event: CarrierEvent, published: Iterable[CarrierEvent]) -> CarrierEvent:
    """The event without its carrier's id, where another event under that id was received later: it was read otherwise
    now, and would make this one void."""
    own = event.carrier_event_id
    if own is None or all(one.carrier_event_id != own or one.received_at <= event.received_at for one in published):
        return event
    return replace(event, carrier_event_id=None)


def _in_place_of(corrects: str, event: CarrierEvent, used: Container[str]) -> CarrierEvent:
    """The event as a replacement; under its own id where no event had that, so that repeats of the scan are known."""
    own_id = event.event_id
    if own_id in used:
        own_id = digest("remapped", own_id, corrects, digest_of(meaning_of(event)))
    return replace(
        event, event_id=own_id, correction=Correction.REPLACES, corrects=corrects,
        flags=[*event.flags, Flag.REMAPPED.value],
    )


def _added(event: CarrierEvent, published: Sequence[CarrierEvent]) -> CarrierEvent:
    """The event as intake would publish it; where an earlier re-map made its id void, in place of that correction."""
    used = _used(published)
    if event.event_id not in used:
        return event
    void = next(one for one in reversed(published) if one.corrects == event.event_id)
    return _in_place_of(void.event_id, event, used)


def _is_void_by_its_carrier(event: CarrierEvent, published: Iterable[CarrierEvent], going: Container[str]) -> bool:
    """Whether the carrier took the event of this id back, or sent it again with other facts, in a record that is read
    otherwise now; then it is left to a person to say whether it holds."""
    used, voids = False, []
    for one in published:
        used = used or one.event_id == event.event_id
        voids += [one] if one.corrects == event.event_id else []
    if event.event_id in going or not (used or voids):
        return False
    return not voids or not all(is_remapped(one) for one in voids)


def _retraction(event: CarrierEvent) -> CarrierEvent:
    return replace(
        event, event_id=digest("remapped", "retracts", event.event_id), correction=Correction.RETRACTS,
        corrects=event.event_id, estimated_delivery_at=None, estimated_delivery_from=None, carrier_event_id=None,
        flags=[*event.flags, Flag.REMAPPED.value],
    )
