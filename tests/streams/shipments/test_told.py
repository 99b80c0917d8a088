"""Ids, alerts and superseded news."""

from msgspec.structs import replace

from streams.kernel.vocabulary import AlertState, ExceptionType, Milestone, Reason
from tests.support.laws import tell
from tests.support.strategies import carrier_event, received, reference


def test_two_orders_claiming_one_delivery_are_told_its_facts_once() -> None:
    picked_up = received(carrier_event(Milestone.PICKED_UP, 1))
    outcome = tell([[reference("O-1", "D-1"), reference("O-2", "D-1"), picked_up]])
    assert len(outcome.milestones) == 1
    assert [update.order_id for update in outcome.updates] == ["O-1", "O-2"]


def test_an_update_carries_where_the_shipment_stands_now_and_its_current_estimate() -> None:
    delivered = carrier_event(Milestone.DELIVERED, 30)
    out = carrier_event(Milestone.OUT_FOR_DELIVERY, 20, estimated_delivery_at=5)
    outcome = tell([[reference(), received(delivered), received(out)]])
    late = outcome.updates[-1]
    assert late.milestone is Milestone.OUT_FOR_DELIVERY
    assert late.status == "delivered"
    assert late.superseded
    assert late.estimated_delivery_at == 5
    assert late.event_id == out.event_id


def test_news_the_status_machine_did_not_follow_is_history() -> None:
    delivered = carrier_event(Milestone.DELIVERED, 30)
    out = carrier_event(Milestone.OUT_FOR_DELIVERY, 40)
    assert tell([[reference(), received(delivered), received(out)]]).updates[-1].superseded


def test_another_reason_renews_the_open_alert_under_its_id() -> None:
    delay = carrier_event(
        Milestone.IN_TRANSIT, 5, exception=ExceptionType.DELAY, reason=Reason.WEATHER, piece="1"
    )
    again = replace(delay, event_id="0" * 32, occurred_at=delay.occurred_at + 1, reason=Reason.STRIKE)
    outcome = tell([[received(delay), received(again)]])
    assert [(alert.state, alert.reason) for alert in outcome.alerts] == [
        (AlertState.RAISED, Reason.WEATHER),
        (AlertState.RAISED, Reason.STRIKE),
    ]
    assert outcome.alerts[0].alert_id == outcome.alerts[1].alert_id
    assert outcome.alerts[1].raised_at == delay.occurred_at
    assert outcome.alerts[1].subject == "north:N100"
