"""An event that comes late about a shipment whose number is used again is taken in, told and posted."""

from __future__ import annotations

from streams.kernel.vocabulary import AlertState, Correction, ExceptionType, Milestone, Reason, Status
from streams.shipments.chunk import shipments_under
from streams.shipments.record import encode
from streams.shipments.reuse.archive import archived
from tests.support.number_reuse import FIRST, KEEPING, KEY, SECOND, Result, Said, at, claim, found, tell


def both(*more: Said) -> Result:
    """Two shipments under the number, the first not archived yet."""
    return tell(*FIRST, claim(98, "O-2"), *SECOND, *more)


def test_a_proof_that_comes_after_the_next_began_is_told_and_posted_for_the_first() -> None:
    out = tell(at(1, Milestone.POD_RECEIVED), states=dict(both().states))
    assert [(one.delivery_id, one.milestone, one.life) for one in out.outputs.delivery_milestones] == [
        ("of O-1", Milestone.POD_RECEIVED, 1)
    ]
    assert {one.order_id for one in out.outputs.customer_updates} == {"O-1"}
    [(_, event)] = out.outputs.events
    assert (event.status, event.late, event.matched) == (Status.DELIVERED, True, True)
    assert (out.counts["accepted"], out.counts["late"], out.counts["matched"], out.counts["archived"]) == (1, 1, 1, 1)
    assert out.states[KEY].view.status is Status.OUT_FOR_DELIVERY
    again = tell(at(1, Milestone.POD_RECEIVED), states=dict(out.states))
    assert (again.counts, again.states) == ({"duplicates": 1}, {})


def test_an_order_known_after_the_next_began_hears_the_story_of_its_own_shipment() -> None:
    out = tell(claim(-2, "O-0"), states=dict(both().states))
    assert {(one.order_id, one.milestone) for one in out.outputs.customer_updates} == {
        ("O-0", Milestone.PICKED_UP), ("O-0", Milestone.DELIVERED),
    }
    assert out.counts["linked"] == 1
    under = shipments_under(out.states[KEY], KEEPING)
    assert [[order.order_id for order in one.orders] for one in under] == [["O-0", "O-1"], ["O-2"]]
    withdrawn = tell(claim(-1, "O-0", withdrawn=True), states=dict(out.states))
    assert {one.correction for one in withdrawn.outputs.customer_updates} == {Correction.RETRACTS}
    assert withdrawn.counts["withdrawn"] == 1


def test_an_end_another_shipment_had_joins_what_it_had_divided() -> None:
    end, gone = found(0, Milestone.DELIVERED)
    start = claim(-1, "O-1"), at(-1, Milestone.PICKED_UP)
    apart = tell(*start, end, *SECOND)
    assert apart.states[KEY].view.generation == 2
    out = tell(gone, states=dict(apart.states))
    assert encode(out.states[KEY]) == encode(tell(*start, *SECOND, end, gone).states[KEY])
    assert (out.states[KEY].view.generation, out.states[KEY].view.status) == (1, Status.OUT_FOR_DELIVERY)
    assert {one.milestone for one in out.outputs.customer_updates if one.correction is not Correction.RETRACTS} >= {
        Milestone.PRE_ADVISED, Milestone.OUT_FOR_DELIVERY,
    }


def test_what_is_open_goes_on_under_the_shipment_it_is_of() -> None:
    damage = at(101, Milestone.INFO, exception=ExceptionType.DAMAGE, reason=Reason.OTHER)
    running = tell(claim(-1, "O-1"), at(-1, Milestone.PICKED_UP), *SECOND, damage)
    [before] = {one.alert_id for one in running.outputs.alerts if one.state is AlertState.RAISED}
    out = tell(FIRST[2], states=dict(running.states))
    assert {one.alert_id: one.state for one in out.outputs.alerts}[before] is AlertState.RESOLVED
    [now] = {one.alert_id for one in out.outputs.alerts if one.state is AlertState.RAISED}
    assert now != before


def test_a_record_that_is_archived_forgets_the_one_before() -> None:
    ended = both(at(103, Milestone.DELIVERED)).states[KEY]
    assert ended.ended
    stone, _ = archived(ended)
    assert (stone.ended, stone.view.generation) == ((), 2)


def test_a_claim_of_the_present_shipment_leaves_the_first_one_unchanged() -> None:
    before = both()
    out = tell(at(102, Milestone.DELIVERED), claim(99, "O-3"), states=dict(before.states))
    assert out.outputs.archived == []
    assert out.states[KEY].ended == before.states[KEY].ended
    assert {one.life for one in out.outputs.delivery_milestones} == {2}
