"""The records of an installation on an ordinary afternoon, for tests and pictures of pages."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from msgspec import Struct, structs

from streams.contracts import ids
from streams.contracts.model import (
    ActionDetail,
    AlertChange,
    AlertOrder,
    AtStake,
    AuditAction,
    BookingState,
    CarrierEvent,
    CustomerUpdate,
    DeadLetter,
    DocumentChase,
    EnrichedEvent,
    ErpPosting,
    Estimate,
    FeedPause,
    FeedState,
    Location,
    MasterRecord,
    MinuteCount,
    OrderClaim,
    OrderLink,
    OrderState,
    OutboundOutcome,
    PieceState,
    ProofOfDelivery,
    ReferenceState,
    ShipmentState,
    Source,
)
from streams.kernel.booking_vocabulary import AnswerKind, BookingAction
from streams.kernel.vocabulary import (
    ActionChannel,
    ActionOutcome,
    ActorKind,
    AlertKind,
    AlertState,
    AlertStep,
    Classifier,
    Correction,
    DocumentOrigin,
    DocumentStatus,
    ExceptionType,
    MasterKind,
    Milestone,
    OutboundStatus,
    PostingKind,
    Precision,
    Punctuality,
    Reason,
    Severity,
    Status,
    SubjectKind,
)
from streams.read_model.project import key_of
from tests.support.booking_world import DELIVERY, Desk, answered, decided, invoiced, packed, released
from tests.support.document_inputs import pushed
from tests.support.read_model_world import DAY, HOUR, MINUTE, NOON, alert, told, waiting_delivery

CUSTOMERS = {
    "C-1001": "Acme Tools", "C-1002": "Northwind Medical", "C-1003": "Bäckerei Lindner", "C-1004": "Atelier Fournier",
    "C-1005": "Sol y Mar",
}
LEIPZIG, LYON = Location(city="Leipzig", country="DE"), Location(city="Lyon", country="FR")
PARIS, KOELN = Location(city="Paris", country="FR"), Location(city="Köln", country="DE")
CARRIERS = ("dhl", "ups", "fedex", "gls", "dpd")
STAR, STAR_ORDER, STAR_CUSTOMER = "1Z999AA10123456784", "SO-48213", "C-1002"
"""The shipment with the long history, its order and customer."""
WAITING, WAITING_ORDER = "JD014700001", "SO-49001"
"""One that waits to be collected, and its order, of the same customer."""


def afternoon() -> list[tuple[str, Struct]]:
    """Key and value of every record: 120 shipments of five customers, and what is wrong with some."""
    chance = Random(7)
    found: list[tuple[str, Struct]] = [
        (f"customer:{number}", MasterRecord(MasterKind.CUSTOMER, number, NOON - 90 * DAY, "ada", name=name))
        for number, name in CUSTOMERS.items()
    ]
    found.append(("reference:bol:7731", MasterRecord(
        MasterKind.REFERENCE, "bol:7731", NOON - 3 * HOUR, "ada", carrier="ups", tracking_number=STAR,
    )))
    found += _star()
    found.append((DELIVERY, Desk().take(released(), packed(), invoiced(), at=NOON).known))
    for place in range(120):
        found += _ordinary(place, chance)
    found += _alerts()
    found += _feeds(chance)
    found += [
        ("intake", DeadLetter(
            "intake", "invalid_time", "“yesterday” is no time that this mapping knows", "$.events[0].time",
            "raw.ups.v1", 0, 5, "ups", "c-bad", 46, NOON - HOUR,
        )),
        ("intake", DeadLetter(
            "intake", "malformed", "not JSON: unexpected end of input at byte 512", None, "raw.gls.v1", 1, 88, "gls",
            "c-cut", 512, NOON - 3 * HOUR,
        )),
        ("po:4500017342", ReferenceState("po", "4500017342", [], 2, 1, 0, NOON - 26 * HOUR, False, NOON - HOUR, b"")),
        ("bol:MAEU1234", ReferenceState(
            "bol", "MAEU1234", ["dhl:JD014600003", "dhl:JD014600007"], 1, 0, 0, NOON - 5 * HOUR, True, NOON - HOUR, b""
        )),
    ]
    found += _deliveries()
    found += _actions()
    return found


def _deliveries() -> Iterator[tuple[str, Struct]]:
    """Two deliveries of an order: one was booked anew, delivered and waits for its proof, one has no carrier."""
    waiting = waiting_delivery("DN-70001", "SO-48001", "C-1001", STAR)
    yield "DN-70001", OutboundOutcome(
        "msg_told", "ready", "notices:main", "main", "DN-70001", "ready_to_ship", Correction.NEW, OutboundStatus.SENT,
        1, NOON - DAY, NOON - DAY, None, None, "note <18>",
    )
    yield "DN-70001", structs.replace(waiting, short=waiting.standing[:1], chases=[
        DocumentChase("DN-70001", "ups", STAR, NOON - HOUR, 1, "status 404: not found yet"),
    ])
    desk = Desk().take(released(), packed(), answered(AnswerKind.BOOKED, tracking_number="NT1"))
    desk.take(decided(BookingAction.REBOOK, carrier="east"), answered(
        AnswerKind.CANCEL_REFUSED, detail="409: it is loaded",
    ), answered(AnswerKind.BOOKED, 2, tracking_number="1Z999AA10123456784"), at=NOON)
    yield "DN-70001", _of_the_order("DN-70001", desk.known)
    nobody = Desk().take(released(), packed(), *(answered(AnswerKind.DECLINED, turn) for turn in (1, 2, 3)), at=NOON)
    yield "DN-70002", _of_the_order("DN-70002", nobody.known)
    papers = pushed("", STAR, NOON - 2 * HOUR, status=DocumentStatus.REFUSED, reason="no document", store_key="")
    missing = structs.replace(
        papers, source_id="link", origin=DocumentOrigin.LINK, status=DocumentStatus.WAITING,
        reason="status 404", attempts=3, next_at=NOON + HOUR, at=NOON - HOUR,
        link="https://pod.example.com/1Z999AA10123456784",
    )
    for one in (papers, missing):
        yield f"ups:{STAR}", structs.replace(
            one, carrier="ups", delivery_ids=["DN-70001"], order_ids=["SO-48001"],
        )


def _of_the_order(delivery_id: str, state: BookingState) -> BookingState:
    named = enumerate(state.bookings, 1)
    bookings = [structs.replace(one, booking_id=f"{delivery_id}-{place}") for place, one in named]
    return structs.replace(
        state, delivery_id=delivery_id, order_id="SO-48001", customer_id="C-1001", bookings=bookings,
    )


def _actions() -> Iterator[tuple[str, Struct]]:
    """Actions of three people and a program."""
    star = ids.alert_id(AlertKind.DELIVERY_AT_RISK, f"ups:{STAR}")
    said = [
        ("Ada", ActorKind.PERSON, "operator", ActionChannel.TOWER, "alert.assign", SubjectKind.ALERT, star,
         "asks the carrier", [ActionDetail("owner", "Grace", "nobody")], ActionOutcome.TAKEN),
        ("api:masterdata", ActorKind.API_CLIENT, "", ActionChannel.API, "reference.resolve", SubjectKind.REFERENCE,
         "bol:MAEU1234", "", [ActionDetail("shipment", f"ups:{STAR}")], ActionOutcome.TAKEN),
        ("grace@desk", ActorKind.COMMAND_LINE, "", ActionChannel.CLI, "feed.resume", SubjectKind.FEED, "gls", "", [],
         ActionOutcome.FAILED),
        ("Mo", ActorKind.PERSON, "finance", ActionChannel.TOWER, "delivery.release", SubjectKind.SHIPMENT,
         "dpd:JD014600004", "the consignee has it", [], ActionOutcome.TAKEN),
    ]
    for place, (who, actor, role, channel, action, kind, subject, reason, details, outcome) in enumerate(said):
        done = AuditAction(
            f"action-{place}", NOON - (place + 1) * HOUR, who, actor, role, channel, action, kind, subject, reason,
            details, outcome,
        )
        yield done.key, done


def _event(
    number: str, milestone: Milestone, at: int, place: Location, offset: int, text: str, *,
    code: str = "X1", exception: ExceptionType = ExceptionType.NONE, reason: Reason = Reason.NORMAL,
    correction: Correction = Correction.NEW, corrects: str | None = None, estimate: int | None = None,
    carrier: str = "ups",
) -> CarrierEvent:
    proof = ProofOfDelivery("M. Durand") if milestone is Milestone.DELIVERED else None
    return CarrierEvent(
        ids.event_id(carrier, number, milestone, code, at, place, None), carrier, number, milestone, Classifier.ACTUAL,
        at, at + 40_000, exception, reason, code, text, place, estimate, proof, None, 120, False, Precision.INSTANT,
        correction, corrects, [], [], Source(carrier, "webhook", f"raw.{carrier}.v1", 0, offset, 0, f"c-{offset}"),
    )


def _word(event: CarrierEvent, status: Status, correction: Correction = Correction.NEW) -> CustomerUpdate:
    proof = event.proof_of_delivery
    return CustomerUpdate(
        ids.digest("update", event.event_id), STAR_CUSTOMER, STAR_ORDER, event.carrier, event.tracking_number,
        event.milestone, status, event.occurred_at, event.utc_offset_minutes, event.location, event.exception,
        event.reason, event.estimated_delivery_at, proof.signed_by if proof else None, False, event.event_id,
        correction=correction, corrects=event.event_id if correction is Correction.RETRACTS else None,
    )


def _star() -> Iterator[tuple[str, Struct]]:
    """Two parcels of one order; one was called delivered by mistake, which was taken back."""
    promised, key = NOON + 3 * HOUR, key_of("ups", STAR)
    estimate = promised + 21 * HOUR
    told = [
        (_event(STAR, Milestone.PICKED_UP, NOON - 50 * HOUR, LEIPZIG, 7, "Pickup scan", code="PU"), Status.PICKED_UP),
        (_event(STAR, Milestone.DEPARTED_FACILITY, NOON - 44 * HOUR, LEIPZIG, 7, "Departed from facility", code="DP"),
         Status.IN_TRANSIT),
        (_event(STAR, Milestone.ARRIVED_FACILITY, NOON - 28 * HOUR, LYON, 7, "Arrived at facility", code="AR"),
         Status.IN_TRANSIT),
        (_event(STAR, Milestone.DELIVERED, NOON - 20 * HOUR, LYON, 7, "DELIVERED", code="KB"), Status.DELIVERED),
        (_event(STAR, Milestone.ETA_UPDATED, NOON - 4 * HOUR, LYON, 7, "Rescheduled: severe weather", code="X9",
                exception=ExceptionType.DELAY, reason=Reason.WEATHER, estimate=estimate), Status.IN_TRANSIT),
    ]
    wrong = told[3][0]
    back = structs.replace(
        _event(STAR, Milestone.ARRIVED_FACILITY, NOON - 19 * HOUR, LYON, 7, "Delivery scan voided", code="VD",
               correction=Correction.RETRACTS, corrects=wrong.event_id),
    )
    for event, status in told:
        yield key, EnrichedEvent(event, status, False, True, [])
        yield STAR_CUSTOMER, _word(event, status)
    yield key, EnrichedEvent(back, Status.IN_TRANSIT, False, True, [])
    yield STAR_CUSTOMER, _word(wrong, Status.IN_TRANSIT, Correction.RETRACTS)
    for number, (event, correction, outcome, attempts, code, answer) in enumerate((
        (told[0][0], Correction.NEW, OutboundStatus.SENT, 1, 204, ""),
        (wrong, Correction.NEW, OutboundStatus.SENT, 2, 200, "ok"),
        (wrong, Correction.RETRACTS, OutboundStatus.RETRYING, 3, 503, "down for maintenance"),
        (told[4][0], Correction.NEW, OutboundStatus.WAITING, 0, None, ""),
    )):
        at = NOON - 3 * HOUR + number * MINUTE
        yield STAR_CUSTOMER, OutboundOutcome(
            f"msg_{number}", ids.digest("update", event.event_id), "webhook:ep_5b1c", STAR_CUSTOMER,
            f"{STAR_ORDER}:ups:{STAR}", f"shipment.{event.milestone}", correction, outcome, attempts, at, at,
            NOON + MINUTE if outcome is OutboundStatus.RETRYING else None, code, answer,
        )
    issue = ErpPosting(
        ids.digest("posting", "issue"), PostingKind.GOODS_ISSUE, "DN-80213", STAR_ORDER, STAR_CUSTOMER, "ups", STAR,
        told[0][0].occurred_at, Reason.NORMAL, None, told[0][0].event_id,
    )
    confirmed = structs.replace(
        issue, posting_id=ids.digest("posting", "confirmed"), kind=PostingKind.DELIVERY_CONFIRMATION,
        occurred_at=wrong.occurred_at, event_id=wrong.event_id,
    )
    reversal = structs.replace(
        confirmed, posting_id=ids.digest("posting", "reversal"), reverses=confirmed.posting_id, event_id=back.event_id
    )
    for posting in (issue, confirmed, reversal):
        yield "DN-80213", posting
    for number, (posting, correction, outcome, said) in enumerate((
        (issue, Correction.NEW, OutboundStatus.SENT, "S-118"),
        (confirmed, Correction.NEW, OutboundStatus.HELD, "the <stock> is not there"),
    )):
        yield "DN-80213", OutboundOutcome(
            f"msg_erp_{number}", posting.posting_id, "erp:main", "main", "DN-80213", posting.kind, correction, outcome,
            1, NOON - HOUR, NOON - HOUR, None, None, said,
        )
    yield "DN-80213", OutboundOutcome(
        "msg_erp_notice", "booking", "notices:main", "main", "DN-80213", "booked", Correction.NEW, OutboundStatus.HELD,
        1, NOON - HOUR, NOON - HOUR, None, None, "no <shipment> has this number",
    )
    link = OrderLink(STAR_ORDER, "DN-80213", STAR_CUSTOMER, promised, 18_400.0, "EUR")
    yield key, ShipmentState(
        "ups", STAR, Status.IN_TRANSIT, NOON - 19 * HOUR, Milestone.ETA_UPDATED, NOON - 4 * HOUR, 6, [link], estimate,
        None, None, [ExceptionType.DELAY], NOON - 4 * HOUR, b"", promised, promised - 4 * HOUR, NOON - 4 * HOUR, "ups",
        2, Punctuality.AT_RISK, slip_ms=25 * HOUR, slip_from_promise_ms=21 * HOUR, earlier_estimates=[
            Estimate(promised - 4 * HOUR, NOON - 50 * HOUR, "ups"),
            Estimate(promised + 2 * HOUR, NOON - 28 * HOUR, "ups"),
        ], pieces=[
            PieceState("1 of 2", Status.IN_TRANSIT, NOON - 19 * HOUR),
            PieceState("2 of 2", Status.IN_TRANSIT, NOON - 28 * HOUR),
        ],
    )
    other = "1Z999AA10123456785"
    out = _event(other, Milestone.OUT_FOR_DELIVERY, NOON - 5 * HOUR, PARIS, 7, "OUT FOR DELIVERY", code="OF")
    done = _event(other, Milestone.DELIVERED, NOON - 2 * HOUR, PARIS, 7, "DELIVERED", code="KB")
    for event, status in ((out, Status.OUT_FOR_DELIVERY), (done, Status.DELIVERED)):
        yield key_of("ups", other), EnrichedEvent(event, status, False, True, [])
        yield STAR_CUSTOMER, _word(event, status)
    yield key_of("ups", other), ShipmentState(
        "ups", other, Status.DELIVERED, NOON - 2 * HOUR, Milestone.DELIVERED, NOON - 2 * HOUR, 2,
        [structs.replace(link, delivery_id="DN-80214")], None, NOON - 2 * HOUR, "M. Durand", [], NOON - 2 * HOUR, b"",
        promised, punctuality=Punctuality.DELIVERED_ON_TIME,
    )
    yield STAR_ORDER, OrderState(
        STAR_ORDER, STAR_CUSTOMER, "released", promised, NOON - 60 * HOUR, "v1", [
            OrderClaim("", "", "ups", number, delivery, NOON - 60 * HOUR)
            for number, delivery in ((STAR, "DN-80213"), (other, "DN-80214"))
        ], 18_400.0, "EUR",
    )


def collecting() -> list[tuple[str, Struct]]:
    """A parcel that waits to be collected: beside those of the afternoon."""
    shop = Location("Kiosk am Dom, Domstraße 5", "Köln", None, "50668", "DE")
    event = _event(
        WAITING, Milestone.AVAILABLE_FOR_PICKUP, NOON - 3 * HOUR, shop, 9, "Ready at the shop", carrier="dpd"
    )
    link = OrderLink(WAITING_ORDER, "DN-81000", STAR_CUSTOMER, NOON + DAY, 45.0, "EUR")
    told = structs.replace(_word(event, Status.AVAILABLE_FOR_PICKUP), order_id=WAITING_ORDER)
    return [
        (key_of("dpd", WAITING), EnrichedEvent(event, Status.AVAILABLE_FOR_PICKUP, False, True, [link])),
        (STAR_CUSTOMER, told),
        (key_of("dpd", WAITING), ShipmentState(
            "dpd", WAITING, Status.AVAILABLE_FOR_PICKUP, NOON - 3 * HOUR, Milestone.AVAILABLE_FOR_PICKUP,
            NOON - 3 * HOUR, 1, [link], None, None, None, [], NOON - 3 * HOUR, b"", NOON + DAY,
        )),
    ]


def _ordinary(place: int, chance: Random) -> Iterator[tuple[str, Struct]]:
    carrier, customer = CARRIERS[place % 5], list(CUSTOMERS)[chance.randrange(5)]
    number, order = f"JD0146{place:05}", f"SO-{48_000 + place}"
    at, promised = NOON - chance.randrange(1, 60) * HOUR, NOON + chance.randrange(-40, 60) * HOUR
    status = chance.choice([
        Status.IN_TRANSIT, Status.IN_TRANSIT, Status.OUT_FOR_DELIVERY, Status.DELIVERED, Status.DELIVERED,
        Status.INFO_RECEIVED, Status.AVAILABLE_FOR_PICKUP,
    ])
    delivered = at if status is Status.DELIVERED else None
    estimate = None if delivered or place % 11 == 0 else promised + chance.randrange(-9, 4) * HOUR
    if delivered is not None:
        punctuality = Punctuality.DELIVERED_ON_TIME if delivered <= promised else Punctuality.DELIVERED_LATE
    elif estimate is None:
        punctuality = Punctuality.NO_ESTIMATE
    else:
        punctuality = Punctuality.ON_TIME if estimate <= promised else Punctuality.AT_RISK
    value = round(chance.uniform(80, 9_000), 2)
    link = OrderLink(order, f"DN-{70_000 + place}", customer, promised, value, "EUR")
    milestone = Milestone(status) if status in set(Milestone) else Milestone.PRE_ADVISED
    yield key_of(carrier, number), ShipmentState(
        carrier, number, status, at, milestone, at, 4, [link], estimate, delivered,
        "A. Receiver" if delivered else None, [ExceptionType.DAMAGE] if place == 17 else [], at, b"", promised,
        punctuality=punctuality,
    )
    yield order, OrderState(
        order, customer, "released", promised, at - DAY, "v1",
        [OrderClaim("", "", carrier, number, link.delivery_id, at - DAY)], value, "EUR",
    )
    if delivered is not None:
        yield from _way_of(place, carrier, number, link, delivered)


def _way_of(place: int, carrier: str, number: str, link: OrderLink, delivered: int) -> Iterator[tuple[str, Struct]]:
    """The events of a delivery, some of which no carrier sent, and its posting."""
    key, slow = key_of(carrier, number), MINUTE * (1 + place % 5) * (1 + place % 7)
    ways = ((Milestone.PICKED_UP, 40 * HOUR), (Milestone.DEPARTED_FACILITY, 20 * HOUR),
            (Milestone.OUT_FOR_DELIVERY, 4 * HOUR), (Milestone.DELIVERED, 0))
    for at, (milestone, before) in enumerate(ways):
        if (place + at) % 9:
            event = _event(number, milestone, delivered - before, PARIS, 7, f"Scan: {milestone.value}", carrier=carrier)
            yield key, EnrichedEvent(
                structs.replace(event, received_at=event.occurred_at + slow), Status.IN_TRANSIT, False, True, [link]
            )
    if place % 8:
        yield link.delivery_id, ErpPosting(
            ids.digest("posting", number), PostingKind.DELIVERY_CONFIRMATION, link.delivery_id, link.order_id,
            link.customer_id, carrier, number, delivered, Reason.NORMAL, None, ids.digest(number),
        )


def _alerts() -> Iterator[tuple[str, Struct]]:
    def about(kind: AlertKind, place: int, severity: Severity, hours: int, message: str, **more: object) -> Struct:
        carrier, number = CARRIERS[place % 5], f"JD0146{place:05}"
        customer = list(CUSTOMERS)[place % 5]
        value = 900.0 + 517 * place
        return structs.replace(alert(
            kind, key_of(carrier, number), severity, NOON - hours * HOUR, carrier=carrier,
            at_stake=[AtStake("EUR", value)],
            orders=[AlertOrder(f"SO-{48_000 + place}", f"DN-{70_000 + place}", customer, value, "EUR")],
        ), message=message, **more)

    star = structs.replace(alert(
        AlertKind.DELIVERY_AT_RISK, key_of("ups", STAR), Severity.CRITICAL, NOON - 4 * HOUR, carrier="ups",
        at_stake=[AtStake("EUR", 18_400.0)],
        orders=[AlertOrder(STAR_ORDER, "DN-80213", STAR_CUSTOMER, 18_400.0, "EUR")],
    ), message="expected 21 h after the promise", reason=Reason.WEATHER, escalated=True,
        channels=["operations", "pager"])
    silent = structs.replace(alert(
        AlertKind.FEED_STALE, "gls", Severity.CRITICAL, NOON - 6 * HOUR, feed="gls", owner="integration",
        at_stake=[AtStake("EUR", 22_310.0)],
    ), message="silent for 6 h, delivers every 20 min on Monday afternoons", affected=24)
    all_of = [
        star, silent,
        about(AlertKind.DELIVERY_LATE, 12, Severity.CRITICAL, 9, "promised 9 h ago, still in transit", owner="ada"),
        about(AlertKind.SHIPMENT_EXCEPTION, 17, Severity.WARNING, 3, "damage on the way", owner="claims",
              state=AlertState.ACKNOWLEDGED, acknowledged_at=NOON - 2 * HOUR, acknowledged_by="Grace", history=[
                  AlertChange(NOON - 3 * HOUR, AlertStep.RAISED, "itself"),
                  AlertChange(NOON - 2 * HOUR, AlertStep.ACKNOWLEDGED, "Grace", "photos are asked for"),
              ]),
        about(AlertKind.SHIPMENT_STALLED, 31, Severity.WARNING, 30,
              "in transit for more than 90 h; 95 of 100 on DE>FR take at most 60 h"),
        about(AlertKind.DELIVERY_LATE, 8, Severity.WARNING, 5, "promised 5 h ago, out for delivery"),
        about(AlertKind.DELIVERY_DOUBTFUL, 3, Severity.WARNING, 2,
              "it was delivered before order SO-48003 was written; nothing is posted until a person confirms it"),
        about(AlertKind.PROOF_MISSING, 20, Severity.INFO, 49, "delivered 49 h ago, no proof of delivery yet"),
    ]
    for place in range(20):
        raised_at, by = NOON - place * 8 * HOUR - HOUR, "ada" if place % 4 == 0 else "itself"
        ended = about(
            AlertKind.SHIPMENT_STALLED, 3 * place, Severity.WARNING if place % 3 else Severity.CRITICAL, 0, "no signal",
            state=AlertState.RESOLVED, raised_at=raised_at - (1 + place) * HOUR, resolved_at=raised_at, resolved_by=by,
            history=[AlertChange(raised_at, AlertStep.RESOLVED, by)],
        )
        all_of.append(ended)
    for one in all_of:
        yield one.alert_id, one  # type: ignore[attr-defined]
    yield "channel:operations", told(star.alert_id, "operations", OutboundStatus.SENT, NOON - 239 * MINUTE)
    yield "channel:pager", told(
        star.alert_id, "pager", OutboundStatus.RETRYING, NOON - 9 * MINUTE, queued_at=NOON - 209 * MINUTE, attempts=7,
        code=503, detail="busy", next_at=NOON + MINUTE,
    )


def _feeds(chance: Random) -> Iterator[tuple[str, Struct]]:
    for place, name in enumerate(CARRIERS):
        silent = name == "gls"
        last = NOON - (6 * HOUR if silent else (place + 1) * MINUTE)
        first, step = NOON // MINUTE - 12 * 60, 2 + place
        minutes = [
            MinuteCount(minute, chance.randrange(1, 30)) for minute in range(first, last // MINUTE, step)
            if chance.random() < 0.8
        ]
        yield name, FeedState(
            name, last, last, sum(one.events for one in minutes) * 40, 12 * place, 3 * place, silent,
            NOON - 5 * HOUR if silent else None, NOON - 60 * DAY, minutes, records=9_000 + 731 * place,
        )
    yield "dpd", FeedPause("dpd", True, NOON - 40 * MINUTE, "intake", "260 of 300 records became dead letters")


def written_at(value: Struct) -> int:
    """When a value was written: two seconds after what it is about was received."""
    if isinstance(value, EnrichedEvent):
        assert isinstance(value.event, CarrierEvent)
        return value.event.received_at + 2_000
    if isinstance(value, CustomerUpdate | ErpPosting):
        # A correction comes with the event that made it, an hour later.
        corrects = isinstance(value, CustomerUpdate) and value.correction is not Correction.NEW
        reverses = isinstance(value, ErpPosting) and value.reverses is not None
        return value.occurred_at + 42_000 + (HOUR if corrects or reverses else 0)
    return NOON
