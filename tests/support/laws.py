"""The laws of the shipments step, as checks on any history: generated here, recorded elsewhere.

``tell`` plays chunks through the step as the stage does (state stored as bytes between chunks);
the checks compare what came out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

from streams.contracts.ids import shipment_key
from streams.contracts.model import (
    Adoption,
    AlertSignal,
    CustomerUpdate,
    DeliveryMilestone,
    EnrichedEvent,
    ErpNotice,
    FulfilmentState,
    OrderReference,
    ShipmentLink,
)
from streams.fulfilment.step import step as post
from streams.kernel.notice_vocabulary import NoticeKind
from streams.kernel.step_result import StepResult
from streams.kernel.vocabulary import (
    STATUS_OF,
    TERMINAL,
    AlertState,
    Correction,
    Milestone,
    PostingKind,
    Reason,
    Status,
)
from streams.shipments import record as records
from streams.shipments.chunk import Outputs, shipments_under
from streams.shipments.erp_notices import standing
from streams.shipments.facts import entries_of, entry_of, rank_of
from streams.shipments.reuse.archive import ALL
from streams.shipments.step import Input, Received, step
from streams.shipments.told import alerts_of, news_of

Said = Received | OrderReference | ShipmentLink
_DONE = TERMINAL | {Status.RETURNING}


@dataclass
class Outcome:
    """Everything that came of a history."""

    records: dict[str, bytes] = field(default_factory=dict)
    events: list[tuple[str, EnrichedEvent]] = field(default_factory=list)
    updates: list[CustomerUpdate] = field(default_factory=list)
    milestones: list[DeliveryMilestone] = field(default_factory=list)
    alerts: list[AlertSignal] = field(default_factory=list)
    adoptions: list[Adoption] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    archived: list[records.Shipment] = field(default_factory=list)
    notices: list[ErpNotice] = field(default_factory=list)

    @property
    def open_alerts(self) -> dict[str, AlertSignal]:
        """The last signal of each alert that is open."""
        latest = {alert.alert_id: alert for alert in self.alerts}
        return {key: alert for key, alert in latest.items() if alert.state is AlertState.RAISED}

    @property
    def open_exceptions(self) -> dict[str, Reason]:
        """The reason of each exception that ERPs were told of and that is not over; none is closed that is not open."""
        found: dict[str, Reason] = {}
        for one in self.notices:
            if one.kind is NoticeKind.EXCEPTION_CLOSED:
                del found[one.notice_id]
            else:
                assert found.get(one.notice_id) is not one.reason, "told twice"
                found[one.notice_id] = one.reason
        return found

    @property
    def ids(self) -> tuple[list[str], list[str], list[str]]:
        """Ids of events (as their bodies stand for them), updates and milestones; repeats show."""
        return (
            sorted(str(event.event) for _, event in self.events),
            sorted(update.update_id for update in self.updates),
            sorted(milestone.milestone_id for milestone in self.milestones),
        )


    @property
    def standing(self) -> tuple[set[str], set[str]]:
        """Ids of the updates and the milestones that are not taken back; of each the last word counts."""
        updates = {one.update_id: one.correction for one in self.updates}
        milestones = {one.milestone_id: one.correction for one in self.milestones}
        updates_told, milestones_told = (
            {key for key, word in last.items() if word is not Correction.RETRACTS} for last in (updates, milestones)
        )
        return updates_told, milestones_told

    @property
    def standing_events(self) -> set[str]:
        """The events that customers and the ERP were last told by, of what stands."""
        last = {one.update_id: one for one in self.updates} | {one.milestone_id: one for one in self.milestones}
        return {one.event_id for one in last.values() if one.correction is not Correction.RETRACTS}


def tell(
    chunks: Iterable[Sequence[Said]], start: Outcome | None = None, delays: Iterable[int] = (),
    repeats: Iterable[int] = (),
) -> Outcome:
    """Play the chunks in their order, after ``start`` if given; ``start`` stays as it was.

    What parts tell their wholes is taken in one by one, in its order: after each chunk all but as many as the next
    of ``delays`` says, at the end all. After each as many of the last ones as the next of ``repeats`` says come again,
    as after a crash.
    """
    outcome = Outcome() if start is None else deepcopy(start)
    held, again, taken = iter(delays), iter(repeats), list[Adoption]()

    def take_adoptions(but: int) -> None:
        while len(outcome.adoptions) > but:
            taken.append(outcome.adoptions.pop(0))
            for told in [taken[-1], *taken[max(0, len(taken) - next(again, 0)):]]:
                _play(outcome, [told])

    for chunk in chunks:
        _play(outcome, chunk)
        take_adoptions(next(held, 0))
    take_adoptions(0)
    return outcome


def _play(outcome: Outcome, chunk: Sequence[Input]) -> None:
    if chunk:
        keys = {_key(item) for item in chunk}
        states = {key: _read(outcome.records.get(key)) for key in keys}
        before = {key: records.encode(state) for key, state in states.items()}
        result = step(chunk, states)
        assert {key: records.encode(state) for key, state in states.items()} == before, "changed its argument"
        _add(outcome, result)


def check_same(one: Outcome, other: Outcome) -> None:
    """Same final records byte for byte, same ids of events and of outputs that stand, same alerts open with the same
    contents."""
    assert one.records == other.records
    assert one.ids[0] == other.ids[0]
    assert one.standing == other.standing
    assert one.open_alerts == other.open_alerts
    assert one.open_exceptions == other.open_exceptions


def check_each_once(outcome: Outcome) -> None:
    """No event goes out twice, nothing is told as new that stands told, and nothing taken back that does not."""
    assert len(outcome.ids[0]) == len(set(outcome.ids[0]))
    standing: set[str] = set()
    told = [(one.update_id, one.correction) for one in outcome.updates]
    for name, word in told + [(one.milestone_id, one.correction) for one in outcome.milestones]:
        assert word is Correction.REPLACES or (name in standing) is (word is Correction.RETRACTS)
        if word is Correction.RETRACTS:
            standing.remove(name)
        else:
            standing.add(name)


def posted(outcome: Outcome) -> list[tuple[str, str, str, str]]:
    """The postings that stand in the end: delivery, number, kind and piece; of an attempt no piece, since it is one by
    its number, whichever it was first told of."""
    states: dict[str, FulfilmentState | None] = {}
    standing: dict[str, tuple[str, str, str, str]] = {}
    for milestone in outcome.milestones:
        out = post([milestone], states)
        states |= out.states
        for one in out.outputs.postings:
            assert one.posting_id not in standing
            if one.reverses is None:
                piece = "" if one.kind is PostingKind.DELIVERY_ATTEMPT else one.piece or ""
                standing[one.posting_id] = one.delivery_id, one.tracking_number, one.kind.value, piece
            else:
                del standing[one.reverses]
    facts = [one for state in states.values() if state is not None for one in state.facts]
    assert len(standing) == sum(bool(one.told_as) for one in facts)
    return sorted(standing.values())


def check_same_postings(told: list[DeliveryMilestone], again: list[DeliveryMilestone]) -> None:
    """The same is posted and reversed, each once: what ``again`` tells more is a repeat."""
    once, repeated = ([one.posting_id for one in post(chunk, {}).outputs.postings] for chunk in (told, again))
    assert repeated == once


def check_told_of_what_is_known(outcome: Outcome) -> None:
    """Each update that stands was told last by an event that is its shipment's and was not taken back; the shipment may
    be archived, where the number is another one's since."""
    known = {
        (shipment.tracking_number, event_id.hex())
        for shipment in [*map(records.decode, outcome.records.values()), *outcome.archived]
        for news in news_of(shipment) for event_id in news.reporters
    }
    last = {one.update_id: one for one in outcome.updates} | {one.milestone_id: one for one in outcome.milestones}
    standing = [one for one in last.values() if one.correction is not Correction.RETRACTS]
    assert {(one.tracking_number, one.event_id) for one in standing} <= known


def check_all_accounted_for(said: Sequence[Said], outcome: Outcome) -> None:
    """In = accepted + duplicates + refused, for events and for references."""
    counts = outcome.counts
    references = sum(isinstance(item, OrderReference) for item in said)
    links = sum(isinstance(item, ShipmentLink) for item in said)
    assert counts["accepted"] + counts["duplicates"] == len(said) - references - links
    assert counts["joined"] + counts["parted"] + counts["joins_repeated"] == links
    assert counts["linked"] + counts["relinked"] + counts["withdrawn"] + counts["links_repeated"] == references
    assert counts["matched"] + counts["unmatched"] == counts["accepted"] == len(outcome.events)


def check_record_tells_its_alerts(outcome: Outcome) -> None:
    """Open alerts are the open exceptions of the final records, and the promises they put at risk; ERPs are told of the
    exceptions."""
    expected = {
        key: alert for record in outcome.records.values() for key, alert in alerts_of(records.decode(record)).items()
    }
    assert outcome.open_alerts == expected
    ended = {
        one.notice_id: one.reason for record in outcome.records.values()
        for one in standing(shipments_under(records.decode(record), ALL)).values()
    }
    assert outcome.open_exceptions == ended


def check_terminal_is_left_by_return_or_correction_only(said: Sequence[Said]) -> None:
    """Told in event-time order, one by one: a terminal status changes only as the rules say."""
    outcome = Outcome()
    for item in sorted(said, key=_event_time):
        key = _key(item)
        before = _read(outcome.records.get(key))
        outcome = tell([[item]], outcome)
        after = _read(outcome.records.get(key))
        if before is None or after is None or before.view.status not in TERMINAL:
            continue
        if after.view.status is before.view.status:
            continue
        assert isinstance(item, Received)
        if after.view.piece_count > before.view.piece_count and _pieces_done(after) < after.view.piece_count:
            continue
        corrected = item.event.correction is not Correction.NEW or item.event.carrier_event_id is not None
        assert corrected or item.event.milestone in (Milestone.RETURNING, Milestone.RETURNED)
        assert corrected or before.view.status is not Status.RETURNED


def check_a_delivery_is_that_of_all_pieces(outcome: Outcome) -> None:
    """Reports of pieces alone make no shipment delivered before as many have ended as the carrier counts."""
    for record in outcome.records.values():
        shipment = records.decode(record)
        of_the_whole = any(not one.piece and STATUS_OF[one.milestone] in _DONE for one in entries_of(shipment.facts))
        if shipment.view.status is Status.DELIVERED and not of_the_whole:
            assert _pieces_done(shipment) >= shipment.view.piece_count


def _pieces_done(shipment: records.Shipment) -> int:
    return sum(one.status in _DONE for one in shipment.view.pieces)


def _event_time(item: Said) -> tuple[int, int, str]:
    if isinstance(item, OrderReference):
        return item.updated_at, 0, ""
    entry = entry_of(item.event, b"")
    return entry.at, rank_of(entry), item.event.event_id


def _key(item: Input) -> str:
    named = item.event if isinstance(item, Received) else item
    return shipment_key(named.carrier, named.tracking_number)


def _read(record: bytes | None) -> records.Shipment | None:
    return None if record is None else records.decode(record)


def _add(outcome: Outcome, result: StepResult[Outputs, records.Shipment]) -> None:
    for key, state in result.states.items():
        outcome.records[key] = records.encode(state)
    outcome.events += result.outputs.events
    outcome.updates += result.outputs.customer_updates
    outcome.milestones += result.outputs.delivery_milestones
    outcome.alerts += result.outputs.alerts
    outcome.adoptions += result.outputs.adoptions
    outcome.archived += result.outputs.archived
    outcome.notices += result.outputs.notices
    outcome.counts.update(result.counts)
