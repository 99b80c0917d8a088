"""Plans the demo: the messages of a few hundred shipments from their carriers, and the ERP's orders for them.

Pure: the same seed, clock, count and length give the same messages, byte for byte.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from topologies.demo import numbers, partners
from topologies.demo.booked import booked_deliveries
from topologies.demo.carrier_desk import CarrierDesk
from topologies.demo.cast import AMERICAN, EUROPEAN, Place
from topologies.demo.journeys import Journey, Scan, Step, journey
from topologies.demo.orders import place_orders
from topologies.demo.payloads import dhl, easypost, fedex, ltl, ups
from topologies.demo.planned import Expected, Kind, Plan, Planned
from topologies.demo.scenes import SCENES as scenes_of_shipments
from topologies.demo.scenes import played
from topologies.demo.spoiled import Spoiled, oversized, spoiled

LAST_MOMENT = 0.97
"""Share of the demo after which nothing more is sent."""
CHAPTER_ORDERS = 1_000_000
"""The first order's number of the chapters after the demo."""
REPEATED = 0.10
LATE = 0.06
SPOILED = 0.03
OVERSIZED_BYTES = 5_000_000
NOT_PASSED_ON = frozenset({Step.ODD, Step.RETURNED})
"""The scans an aggregator leaves out when it repeats another carrier's."""


@dataclass(frozen=True, slots=True)
class Cast:
    """A carrier in the demo: its share of the shipments, its numbers, places and possible incidents."""

    carrier: str
    share: int
    number: Callable[[Random], str]
    places: tuple[Place, ...]
    incidents: tuple[Step | None, ...]
    untold: frozenset[Step] = frozenset()
    """Steps for which this carrier sends no message."""


_USUAL: tuple[Step | None, ...] = (None,) * 12 + (Step.DELAYED, Step.ATTEMPTED, Step.RETURNING, Step.ODD)
_NO_RETURN = frozenset({Step.RETURNED})
CASTS: tuple[Cast, ...] = (
    Cast(ups.CARRIER, 35, numbers.ups, AMERICAN, _USUAL),
    Cast(fedex.CARRIER, 20, numbers.fedex, AMERICAN, _USUAL, _NO_RETURN),
    Cast(dhl.CARRIER, 20, numbers.dhl, EUROPEAN, (*_USUAL, Step.CUSTOMS_HELD, Step.CUSTOMS_HELD)),
    Cast(ltl.CARRIER, 10, numbers.pro, AMERICAN, _USUAL),
    Cast("usps", 15, numbers.usps, AMERICAN, _USUAL, _NO_RETURN),
)


@dataclass(frozen=True, slots=True)
class CarrierMessage:
    """A carrier's message, not yet scheduled. ``happened_ms``: time of its last scan (UTC ms)."""

    happened_ms: int
    feed: str
    channel: str
    content_type: str
    body: bytes
    what: str
    expected: Expected
    may_be_late: bool


def _looks(rng: Random, scans: int) -> list[int]:
    """The scan counts at which a poll or webhook happens: about 40 % of them, and always the last."""
    return [seen for seen in range(1, scans) if rng.random() < 0.4] + [scans]


def _told(
    way: Journey, seen: Sequence[Scan], feed: str, channel: str, content_type: str, body: bytes
) -> CarrierMessage:
    what = f"{feed} {channel} of {way.number}: {seen[-1].step.value}"
    return CarrierMessage(seen[-1].at_ms, feed, channel, content_type, body, what, Expected(len(seen)),
                channel == "webhook" and len(seen) == 1)


def _tell_ups(rng: Random, way: Journey) -> Iterator[CarrierMessage]:
    for scan in way.scans:
        yield _told(way, [scan], ups.FEED, "webhook", ups.CONTENT_TYPE, ups.push(way, scan))
    if rng.random() < 0.12:
        yield _told(way, way.scans, ups.FEED, "poll", ups.CONTENT_TYPE, ups.answer(way, way.scans))
    if rng.random() < 0.20:
        yield from _tell_easypost(rng, _as_told(way, NOT_PASSED_ON))


def _tell_fedex(rng: Random, way: Journey) -> Iterator[CarrierMessage]:
    for seen in _looks(rng, len(way.scans)):
        transaction = f"{rng.getrandbits(128):032x}"
        body = fedex.answer(way, way.scans[:seen], transaction)
        yield _told(way, way.scans[:seen], fedex.FEED, "poll", fedex.CONTENT_TYPE, body)


def _tell_dhl(rng: Random, way: Journey) -> Iterator[CarrierMessage]:
    for seen in _looks(rng, len(way.scans)):
        body = dhl.answer(way, way.scans[:seen])
        yield _told(way, way.scans[:seen], dhl.FEED, "poll", dhl.CONTENT_TYPE, body)


def _tell_easypost(rng: Random, way: Journey) -> Iterator[CarrierMessage]:
    for seen in _looks(rng, len(way.scans)):
        body = easypost.updated(way, way.scans[:seen], f"evt_{rng.getrandbits(128):032x}")
        yield _told(way, way.scans[:seen], easypost.FEED, "webhook", easypost.CONTENT_TYPE, body)


_TELLERS: dict[str, Callable[[Random, Journey], Iterator[CarrierMessage]]] = {
    ups.CARRIER: _tell_ups,
    fedex.CARRIER: _tell_fedex,
    dhl.CARRIER: _tell_dhl,
    "usps": _tell_easypost,
}


def _tell_ltl(rng: Random, ways: Sequence[Journey]) -> Iterator[CarrierMessage]:
    """Scans of all LTL shipments, bundled into interchanges as they happened."""
    waiting = sorted(((way, scan) for way in ways for scan in way.scans), key=lambda pair: pair[1].at_ms)
    control = rng.randrange(1_000, 900_000)
    while waiting:
        size = rng.randrange(1, 6)
        bundle, waiting = waiting[:size], waiting[size:]
        sent_ms = bundle[-1][1].at_ms
        control += 1
        body = ltl.interchange(bundle, control, rng.choice((ltl.TILDE, ltl.NEWLINE)), sent_ms)
        what = f"interchange {control} on {', '.join(way.number for way, _ in bundle)}"
        yield CarrierMessage(sent_ms, ltl.FEED, "edi", ltl.CONTENT_TYPE, body, what, Expected(len(bundle)), True)


def _as_told(way: Journey, untold: frozenset[Step]) -> Journey:
    return replace(way, scans=tuple(scan for scan in way.scans if scan.step not in untold))


def _journeys(rng: Random, now_ms: int, count: int) -> tuple[Journey, ...]:
    casts = rng.choices(CASTS, weights=[cast.share for cast in CASTS], k=count)
    return tuple(
        _as_told(
            journey(rng, cast.carrier, cast.number(rng), cast.places, rng.choice(cast.incidents), now_ms),
            cast.untold,
        )
        for cast in casts
    )


def _all_told(rng: Random, journeys: Sequence[Journey]) -> list[CarrierMessage]:
    told = [
        message for way in journeys if way.carrier in _TELLERS for message in _TELLERS[way.carrier](rng, way)
    ]
    told += _tell_ltl(rng, [way for way in journeys if way.carrier == ltl.CARRIER])
    return sorted(told, key=lambda message: message.happened_ms)


def _raw(told: CarrierMessage | Spoiled, moment: float) -> Planned:
    channel = told.channel if isinstance(told, CarrierMessage) else "webhook"
    return Planned(
        moment, Kind.RAW, told.feed, channel, told.content_type, told.body, "", told.what, told.expected
    )


def _in_their_moments(rng: Random, told: Sequence[CarrierMessage]) -> Iterator[Planned]:
    """Schedule each message at a share (0 to 1) of the demo: in order of event time, except that some are late and
    some are sent twice."""
    for rank, message in enumerate(told):
        moment = (rank + rng.random()) / len(told) * LAST_MOMENT
        if message.may_be_late and rng.random() < LATE:
            moment = min(moment + rng.uniform(0.02, 0.3), LAST_MOMENT)
        yield _raw(message, moment)
        if rng.random() < REPEATED:
            yield _raw(message, min(moment + rng.uniform(0.0, 0.1), LAST_MOMENT))


def _kinds_of_spoiled(rng: Random, now_ms: int) -> tuple[Spoiled, ...]:
    parcel = journey(rng, ups.CARRIER, numbers.ups(rng), AMERICAN, None, now_ms)
    freight = journey(rng, ltl.CARRIER, numbers.pro(rng), AMERICAN, None, now_ms)
    return spoiled(rng, parcel, freight, now_ms)


def _spoiled(rng: Random, now_ms: int, count: int) -> Iterator[Planned]:
    kinds = _kinds_of_spoiled(rng, now_ms)
    for index in range(max(count, len(kinds))):
        yield _raw(kinds[index % len(kinds)], rng.uniform(0.02, LAST_MOMENT))
    yield _raw(oversized(OVERSIZED_BYTES), rng.uniform(0.3, 0.7))


def tell(
    seed: int, now_ms: int, shipments: int = 300, seconds: float = 60.0, *, on_own_stack: bool = False,
    carriers: CarrierDesk | None = None,
) -> Plan:
    """The plan for ``shipments`` shipments within ``seconds`` and some scenes beside them, all events at or before
    ``now_ms`` (UTC ms) but for the one scan in 2099. ``on_own_stack``: with the scenes that need a stack of the demo's
    own; ``carriers``: that are asked for bookings there."""
    rng = Random(seed)
    journeys = _journeys(rng, now_ms, shipments)
    told = _all_told(rng, journeys)
    messages = list(_in_their_moments(rng, told))
    first_heard = {way.number: rank / len(told) for way, rank in _first_ranks(journeys, told)}
    messages += _spoiled(rng, now_ms, round(len(told) * SPOILED))
    messages += place_orders(rng, journeys, first_heard, now_ms, LAST_MOMENT)
    of_its_own = (*partners.OF_AN_OWN_STACK, booked_deliveries) if on_own_stack else ()
    scenes = (*scenes_of_shipments, *partners.SCENES, *of_its_own)
    scenery = played(scenes, Random(f"scenes of {seed}"), now_ms, carriers)
    messages += scenery.messages
    return _scheduled(Plan(seed, now_ms, seconds, journeys, (), tuple(scenery.staged), scenery.example), messages)


def chapter(seed: int, number: int, now_ms: int, shipments: int, seconds: float) -> Plan:
    """The plan of a further chapter, from 0, of the story with this seed: a few shipments and one bad record."""
    own = (seed << 20) + number + 1
    rng = Random(own)
    journeys = _journeys(rng, now_ms, shipments)
    told = _all_told(rng, journeys)
    first_heard = {way.number: rank / len(told) for way, rank in _first_ranks(journeys, told)}
    kinds = _kinds_of_spoiled(rng, now_ms)
    messages = [
        *_in_their_moments(rng, told), _raw(kinds[number % len(kinds)], rng.uniform(0.2, 0.8)),
        *place_orders(rng, journeys, first_heard, now_ms, LAST_MOMENT, CHAPTER_ORDERS + number * 2 * shipments),
    ]
    return _scheduled(Plan(own, now_ms, seconds, journeys, ()), messages)


def _scheduled(plan: Plan, messages: Sequence[Planned]) -> Plan:
    """The plan with the messages, their moments in seconds."""
    timed = tuple(
        replace(message, at_s=message.at_s * plan.seconds, correlation_id=f"{plan.correlation_prefix}{number:05d}")
        for number, message in enumerate(sorted(messages, key=lambda message: message.at_s), start=1)
    )
    return replace(plan, messages=timed)


def _first_ranks(journeys: Sequence[Journey], told: Sequence[CarrierMessage]) -> Iterator[tuple[Journey, int]]:
    happened = [message.happened_ms for message in told]
    for way in journeys:
        yield way, bisect_left(happened, way.scans[0].at_ms)
