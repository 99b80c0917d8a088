"""Who was told of an alert, in one short phrase."""

from __future__ import annotations

import pytest
from msgspec import structs

from portal.words.alerts import who_was_told
from streams.kernel.outbound_vocabulary import OutboundStatus
from streams.kernel.vocabulary import AlertKind, AlertState, Severity
from streams.paging.told import ToldOn
from tests.support.read_model_world import DAY, HOUR, MINUTE, NOON, alert

RAISED = alert(AlertKind.DELIVERY_LATE, "ups:1Z", Severity.WARNING, NOON - HOUR, channels=["operations"])
SEEN = structs.replace(
    RAISED, state=AlertState.ACKNOWLEDGED, acknowledged_at=NOON - 5 * MINUTE, acknowledged_by="ada"
)
OPS = ToldOn("operations", OutboundStatus.SENT, NOON - HOUR)


def test_channels_stand_with_their_time_then_who_acknowledged() -> None:
    pager = ToldOn("pager", OutboundStatus.RETRYING, NOON)
    assert who_was_told(RAISED, [OPS, pager], NOON) == "operations 13:13 UTC, pager not reached yet"
    assert who_was_told(SEEN, [OPS], NOON) == "operations 13:13 UTC; acknowledged by ada 14:08 UTC"


def test_times_of_another_day_have_its_date() -> None:
    assert who_was_told(RAISED, [OPS], NOON + DAY) == "operations 21 Sep 13:13 UTC"


def test_where_nobody_was_told_it_says_so_unless_somebody_saw_it_or_nobody_is_to_be() -> None:
    assert who_was_told(RAISED, [], NOON) == "nobody yet"
    assert who_was_told(SEEN, [], NOON) == "acknowledged by ada 14:08 UTC"
    assert who_was_told(structs.replace(RAISED, channels=[]), [], NOON) == ""


def test_an_acknowledgement_that_was_overtaken_is_not_told() -> None:
    again = structs.replace(SEEN, state=AlertState.RAISED)
    assert who_was_told(again, [OPS], NOON) == "operations 13:13 UTC"


@pytest.mark.parametrize("status", [*OutboundStatus])
def test_every_state_of_a_message_has_words(status: OutboundStatus) -> None:
    said = who_was_told(RAISED, [ToldOn("pager", status, NOON)], NOON)
    assert said.startswith("pager ")
    assert "_" not in said
