"""Builds the canonical event of a scan, with a deterministic id. Every adapter ends with this step."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from connectors.mapping.declared.status_meaning import StatusMeaning
from connectors.mapping.values.check_digits import Checks, any_is_wrong
from connectors.mapping.values.times import MISSING_TIME, UNREADABLE_TIME, Moment
from streams.contracts.ids import LONGEST_NUMBER, digest, event_id, normalise_tracking_number
from streams.contracts.model import CarrierEvent, Location, ProofOfDelivery, Reference, Source
from streams.intake.adapter import RawContext
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import Classifier, Correction, Flag, RejectReason

FUTURE_TOLERANCE_MS = 15 * 60_000
_NEW = Correction.NEW
_ACTUAL = Classifier.ACTUAL
_FUTURE = Flag.TIMESTAMP_FUTURE.value
_TIME_MISSING = Flag.TIMESTAMP_UNTOLD.value
_TIME_UNREADABLE = Flag.TIMESTAMP_UNREADABLE.value
_TIME_FALLBACK = Flag.TIME_FALLBACK.value
_CHECK_DIGIT = Flag.CHECK_DIGIT_WRONG.value


def retraction(event: CarrierEvent) -> CarrierEvent:
    """Return the event that retracts ``event`` (EPCIS 2.0, errorDeclaration: the erroneous event is sent again)."""
    corrects = event.event_id
    return replace(
        event, event_id=digest("retracts", corrects), correction=Correction.RETRACTS, corrects=corrects,
        estimated_delivery_at=None, estimated_delivery_from=None, carrier_event_id=None,
    )


class Scan(Struct, gc=False):
    """One scan in canonical terms.

    ``code`` is part of the event id; ``shown_code``, which may add the reason code, is stored in the event. ``number``
    is empty if only ``references`` identify the shipment, and may be a label's form of the number.
    ``estimated_delivery_at``: ms UTC. ``flags``: those of the adapter; the builder adds its own.
    """

    carrier: str
    number: str
    meaning: StatusMeaning
    code: str
    shown_code: str
    text: str
    moment: Moment
    references: list[Reference]
    flags: list[str]
    location: Location | None = None
    estimated_delivery_at: int | None = None
    proof: ProofOfDelivery | None = None
    piece: str | None = None
    leg: str | None = None
    carrier_event_id: str | None = None
    piece_count: int | None = None
    carrier_shipment_id: str | None = None


class EventBuilder:
    """Builds the events of one adapter. ``channel`` applies to records without a channel header."""

    __slots__ = ("_channel", "_checks")

    def __init__(self, channel: str, checks: Checks) -> None:
        self._channel = channel
        self._checks = checks

    def _with_number(self, reference: Reference) -> Reference:
        """Return the reference; of another carrier's number in a label's form, with the number."""
        if reference.carrier is None:
            return reference
        number = self._checks.number_of(reference.carrier, normalise_tracking_number(reference.value))
        return reference if number == reference.value else replace(reference, value=number)

    def build(self, context: RawContext, index: int, scan: Scan) -> CarrierEvent:
        """Return the event of a scan; ``index`` is its position in the raw record.

        The id is computed from the time that the carrier stated, so that a repeated scan has the same id. All times are
        ms UTC. If the stated time lies after the receipt, ``occurred_at`` is the time of receipt and ``stated_at`` the
        stated time; an actual event beyond ``FUTURE_TOLERANCE_MS`` is flagged as well. A scan without a readable time
        occurred at its receipt and is flagged; its id is computed from 0. Without a tracking number the id is computed
        from the first reference. Raises Reject ``too_large`` for a number of more than ``LONGEST_NUMBER`` characters.
        """
        carrier, meaning, moment = scan.carrier, scan.meaning, scan.moment
        if len(scan.number) > LONGEST_NUMBER:
            raise Reject(
                RejectReason.TOO_LARGE,
                f"the tracking number has {len(scan.number)} characters; at most {LONGEST_NUMBER} are accepted",
            )
        number = self._checks.number_of(carrier, scan.number)
        references, flags, location = [*map(self._with_number, scan.references)], scan.flags, scan.location
        stated = occurred_at = moment.at_ms
        stated_at = None
        received_at = context.received_at
        if moment is MISSING_TIME or moment is UNREADABLE_TIME:
            occurred_at = received_at
            flags = [*flags, _TIME_MISSING if moment is MISSING_TIME else _TIME_UNREADABLE]
        elif occurred_at > received_at:
            if meaning.classifier is not _ACTUAL:
                occurred_at, stated_at = received_at, stated
            elif occurred_at > received_at + FUTURE_TOLERANCE_MS:
                occurred_at, stated_at = received_at, stated
                flags = [*flags, _FUTURE]
        if moment.fallback and moment is not UNREADABLE_TIME:
            flags = [*flags, _TIME_FALLBACK]
        if self._checks.number_is_wrong(carrier, number) or (references and any_is_wrong(references)):
            flags = [*flags, _CHECK_DIGIT]
        source = Source(
            context.feed, context.channel or self._channel, context.topic, context.partition, context.offset, index,
            context.correlation_id,
        )
        identity = number or f"{references[0].type}:{references[0].value}"
        piece = scan.piece
        return CarrierEvent(
            event_id(carrier, identity, meaning.milestone, scan.code, stated, location, piece),
            carrier, number, meaning.milestone, meaning.classifier, occurred_at, received_at, meaning.exception,
            meaning.reason, scan.shown_code, scan.text, location, scan.estimated_delivery_at, scan.proof, piece,
            moment.offset_minutes, moment.assumed, moment.precision, _NEW, None, references, flags, source, stated_at,
            scan.leg, scan.carrier_event_id, scan.piece_count, scan.carrier_shipment_id,
        )
