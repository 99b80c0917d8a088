"""Says of each channel where its last message about an alert is."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.outbound import OutboundOutcome
from streams.kernel.outbound_vocabulary import OutboundStatus
from streams.paging.told import ToldOn, told_on
from streams.paging.wording import ACKNOWLEDGED, RESOLVED
from tests.support.read_model_world import MINUTE, NOON, told

SENT, RETRYING, WITHDRAWN = OutboundStatus.SENT, OutboundStatus.RETRYING, OutboundStatus.WITHDRAWN


def shown(*outcomes: OutboundOutcome) -> list[tuple[str, OutboundStatus, int]]:
    return [(one.channel, one.status, one.at) for one in told_on(outcomes)]


def test_of_each_channel_the_last_state_of_its_message_counts() -> None:
    first = told("a1", "ops", OutboundStatus.WAITING, NOON)
    sent = told("a1", "ops", SENT, NOON + 3, queued_at=NOON)
    pager = told("a1", "pager", RETRYING, NOON + 2, attempts=4, detail="503 busy")
    assert told_on([first, pager, sent]) == [
        ToldOn("ops", SENT, NOON + 3, 1, "ok"), ToldOn("pager", RETRYING, NOON + 2, 4, "503 busy")
    ]


def test_its_end_and_its_acknowledgement_tell_nobody_of_it() -> None:
    assert shown(
        told("a1", "ops", SENT, NOON), told("a1", "ops", SENT, NOON + 9, RESOLVED),
        told("a1", "pager", SENT, NOON + 9, ACKNOWLEDGED),
    ) == [("ops", SENT, NOON)]


def test_what_was_withdrawn_told_nobody() -> None:
    assert shown(told("a1", "ops", WITHDRAWN, NOON)) == []


def test_told_anew_a_channel_stands_with_the_new_message_behind_the_others() -> None:
    again = told("a1", "ops", RETRYING, NOON + 5, message_id="again")
    assert shown(told("a1", "ops", SENT, NOON), told("a1", "pager", SENT, NOON + 1), again) == [
        ("pager", SENT, NOON + 1), ("ops", RETRYING, NOON + 5)
    ]
    withdrawn = told("a1", "ops", WITHDRAWN, NOON + 6, message_id="again", queued_at=NOON + 5)
    assert shown(told("a1", "ops", SENT, NOON), again, withdrawn) == [("ops", SENT, NOON)]


HISTORIES = st.lists(st.builds(
    lambda channel, status, message, minutes: told(
        "a1", channel, status, NOON + minutes * MINUTE, message_id=f"{channel}-{message}",
        queued_at=NOON + message * MINUTE, attempts=minutes,
    ),
    st.sampled_from(["ops", "pager", "mail"]), st.sampled_from([*OutboundStatus]), st.integers(0, 2), st.integers(3, 9),
), max_size=8, unique_by=lambda one: (one.message_id, one.at))


@given(HISTORIES, st.randoms(use_true_random=False))
def test_the_order_in_which_outcomes_are_read_does_not_matter(
    history: Sequence[OutboundOutcome], chance: Random
) -> None:
    mixed = list(history)
    chance.shuffle(mixed)
    assert told_on(mixed) == told_on(history) == told_on([*mixed, *history])
