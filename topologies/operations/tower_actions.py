"""Takes the actions of the control tower's pages, as the commands take theirs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from config.settings import Settings
from connectors.carriers import CarrierFileError
from connectors.kafka import alert_actions, person_actions
from connectors.outbound import redelivery
from portal.tower.services import Decision, HeldDelivery, Moved, ReplayTrial, Resolution
from streams.contracts.audit import Actor
from streams.contracts.model import AlertAction, AuditAction, BookingDecision, DeadLetter, MasterRecord
from streams.identity.record import ReferenceRecord
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import FulfilmentAction
from topologies.operations import (
    booking_board,
    dead_letter_replay,
    doubtful_deliveries,
    feed_pauses,
    fulfilment_board,
    manual_resolution,
)
from topologies.stages.shipments import keeping


class TowerActions:
    """The actions on Kafka."""

    def __init__(self, settings: Settings) -> None:
        """Connects to nothing yet."""
        self._settings = settings

    def act(self, action: AlertAction, actor: Actor) -> None:
        """Acts on an alert. Raises Transient."""
        alert_actions.act(self._settings, action, actor)

    def resolution(self, decision: Decision) -> Resolution:
        """The effects a decision on a reference would have. Raises Transient, Fatal."""
        known, record = self._decided(decision)
        found = manual_resolution.consequences(known, manual_resolution.rules_of(self._settings), record)
        sent, retracted = (
            [Moved(one["shipment"], one["milestone"], one["occurred_at"]) for one in found[name]]
            for name in ("told", "taken_back")
        )
        lines, unclaimed = (
            [
                (line["order_id"], line["delivery_id"], f"{line['carrier']}:{line['tracking_number']}")
                for line in found["lines"] if line["withdrawn"] is withdrawn
            ]
            for withdrawn in (False, True)
        )
        return Resolution(sent, retracted, lines, unclaimed, found["still_waiting"])

    def resolve(self, decision: Decision) -> None:
        """Says whose a reference is. Raises Transient, Fatal."""
        manual_resolution.write(self._settings, self._decided(decision)[1], decision.actor)

    def held(self, key: str, actor: Actor, now: int) -> HeldDelivery:
        """The delivery that is held back. Raises Transient, Fatal."""
        known = doubtful_deliveries.known_of(self._settings, key)
        event = doubtful_deliveries.confirmation(known, now, actor.name)
        found = doubtful_deliveries.consequences(known, event, keeping(self._settings))
        return HeldDelivery(found["delivered_at"], found["customers"], found["deliveries"])

    def release(self, key: str, actor: Actor, now: int, reason: str) -> None:
        """Says that the delivery is true. Raises Transient, Fatal."""
        known = doubtful_deliveries.known_of(self._settings, key)
        event = doubtful_deliveries.confirmation(known, now, actor.name)
        doubtful_deliveries.release(self._settings, event, actor, reason)

    def refuse(self, key: str, actor: Actor, now: int, reason: str) -> None:
        """Says that the delivery is not true. Raises Transient, Fatal."""
        known = doubtful_deliveries.known_of(self._settings, key)
        doubtful_deliveries.refuse(self._settings, known, actor, now, reason)

    def decide_delivery(
        self, delivery_id: str, action: FulfilmentAction, actor: Actor, now: int, reason: str
    ) -> None:
        """Releases, waives or closes a delivery that waits to be confirmed. Raises Transient, Fatal."""
        known = fulfilment_board.known_of(self._settings, delivery_id)
        fulfilment_board.decide(self._settings, known, action, reason, actor, now)

    def decide_booking(self, wanted: BookingDecision, actor: Actor) -> BookingDecision:
        """Books a delivery anew, cancels its booking, or answers a carrier's terms. Raises Transient, Fatal."""
        known = booking_board.known_of(self._settings, wanted.delivery_id)
        chosen = booking_board.Chosen(wanted.carrier, wanted.service)
        return booking_board.decide(
            self._settings, known, wanted.action, wanted.reason, actor, wanted.at, chosen, wanted.key
        )

    def send_again(self, message_id: str, customer: str, actor: Actor, now: int) -> None:
        """Sends a message to a customer again that was sent or given up. Raises Transient, Fatal."""
        redelivery.send_again(self._settings, message_id, customer, actor, now)

    def pause(self, feed: str, actor: Actor, now: int, reason: str) -> None:
        """Lets the raw records of a feed wait. Raises Transient, Fatal."""
        feed_pauses.pause(self._settings, feed, actor, now, reason)

    def resume(self, feed: str, actor: Actor, now: int) -> None:
        """Lets a paused feed go on. Raises Transient, Fatal."""
        feed_pauses.resume(self._settings, feed, actor, now)

    def replay_trials(self, letters: Sequence[DeadLetter]) -> list[ReplayTrial]:
        """The outcome a replay of each dead letter would have. Raises Transient, Fatal."""
        try:
            found = dead_letter_replay.tried(self._settings, letters)
        except CarrierFileError as error:
            raise Fatal(str(error)) from error
        return [
            ReplayTrial(
                one.letter, one.why_not,
                [Moved(dead_letter_replay.key_of(event), event.milestone, event.occurred_at) for event in one.events],
                one.refused, one.is_tried,
            )
            for one in found
        ]

    def replay(self, letters: Sequence[DeadLetter], actor: Actor, now: int, reason: str) -> list[str]:
        """Writes the records of dead letters to their topics again. Raises Transient, Fatal."""
        return dead_letter_replay.replay(self._settings, letters, actor, now, reason)

    def recorded(self, action: AuditAction) -> AbstractContextManager[None]:
        """Records an action before the block does it. Raises Transient."""
        return person_actions.recorded(self._settings, [action])

    def _decided(self, decision: Decision) -> tuple[ReferenceRecord, MasterRecord]:
        known = manual_resolution.known_of(self._settings, decision.reference)
        rules = manual_resolution.rules_of(self._settings)
        return known, manual_resolution.decided(
            known, rules, decision.carrier, decision.number, decision.at, decision.actor.name
        )
