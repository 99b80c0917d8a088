"""Whoever asks to be told of an order is asked first, told of that order alone, and forgotten."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.outbound import EndpointSetting, NewMessage, OptOut, SendAgain
from streams.contracts.recipients import NotificationAction, OrderOptIns, PastMessage
from streams.kernel.outbound_vocabulary import NotificationActionKind
from streams.kernel.vocabulary import Correction
from streams.notifications.opt_ins import ASKED_AGAIN, DAY, MOST_RECIPIENTS, UNCONFIRMED, after, forgotten, next_due
from tests.support.outbound_inputs import NOW, recipient

ASKED, CONFIRMED = NotificationActionKind.OPT_IN_ASKED, NotificationActionKind.OPT_IN_CONFIRMED
OUT, AGAIN = NotificationActionKind.OPTED_OUT, NotificationActionKind.SEND_AGAIN


def act(kind: NotificationActionKind, who: str = "rcp_1", at: int = NOW, **changes: Any) -> NotificationAction:
    asking = {"recipient": recipient(who, order_id="SO-1"), "link": "https://x/confirm"} if kind is ASKED else {}
    return NotificationAction(**{
        "kind": kind, "customer_id": "C-1", "at": at, "by": who, "order_id": "SO-1", "recipient_id": who, **asking,
        **changes,
    })


def known(*actions: NotificationAction) -> OrderOptIns | None:
    found = None
    for one in actions:
        found = after(found, one).known
    return found


def test_who_asks_is_asked_whether_that_is_wanted_and_told_nothing_else() -> None:
    effects = after(None, act(ASKED))
    setting, question = effects.inputs
    assert isinstance(setting, EndpointSetting)
    assert isinstance(question, NewMessage)
    assert (setting.destination, question.kind, question.subject) == ("email:rcp_1", "opt_in.confirm", "")
    assert "https://x/confirm" in question.body
    assert effects.known is not None
    assert effects.known.recipients == []


def test_nobody_is_asked_twice_within_the_hour_nor_after_it_is_settled() -> None:
    once = known(act(ASKED))
    assert after(once, act(ASKED, at=NOW + ASKED_AGAIN - 1)).inputs == []
    assert len(after(once, act(ASKED, at=NOW + ASKED_AGAIN)).inputs) == 2
    assert after(known(act(ASKED), act(CONFIRMED)), act(ASKED, at=NOW + DAY)).inputs == []


def test_only_so_many_may_ask_about_one_order() -> None:
    full = known(*(act(ASKED, f"rcp_{number}") for number in range(MOST_RECIPIENTS)))
    assert after(full, act(ASKED, "rcp_more")) == (full, [])


def test_an_opt_in_for_another_order_than_the_link_led_to_is_none() -> None:
    assert after(None, act(ASKED, recipient=recipient(order_id="SO-2"))) == (None, [])


def test_who_confirms_is_told_and_a_confirmation_nobody_asked_for_is_none() -> None:
    told = known(act(ASKED), act(CONFIRMED))
    assert told is not None
    assert [one.recipient_id for one in told.recipients] == ["rcp_1"]
    assert after(None, act(CONFIRMED)) == (None, [])
    assert after(told, act(CONFIRMED)) == (told, [])


def test_who_opts_out_is_forgotten_at_once() -> None:
    effects = after(known(act(ASKED), act(CONFIRMED)), act(OUT))
    assert effects == (None, [EndpointSetting("email:rcp_1", "C-1", None)])


def test_each_is_forgotten_by_its_own_confirmation_however_many_others_confirm_later() -> None:
    both = known(
        act(ASKED), act(CONFIRMED, at=NOW + DAY), act(ASKED, "rcp_2", NOW + 50 * DAY),
        act(CONFIRMED, "rcp_2", NOW + 51 * DAY),
    )
    assert both is not None
    assert next_due(both, 60 * DAY) == NOW + 61 * DAY
    early = forgotten(both, 60 * DAY, NOW + 61 * DAY - 1)
    assert (early.known, early.inputs) == (both, [])
    left = forgotten(both, 60 * DAY, NOW + 61 * DAY)
    assert left.inputs == [EndpointSetting("email:rcp_1", "C-1", None)]
    assert left.known is not None
    assert [one.recipient_id for one in left.known.recipients] == ["rcp_2"]
    assert forgotten(left.known, 60 * DAY, NOW + 111 * DAY).known is None


def test_a_recipient_the_customer_set_is_disabled() -> None:
    assert after(None, act(OUT, "sub_1", order_id="")).inputs == [OptOut("email:sub_1", "C-1")]
    assert after(None, act(OUT, "sub_1", order_id="SO-1")).inputs == [OptOut("email:sub_1", "C-1")]


def test_a_message_is_sent_again() -> None:
    past = PastMessage("msg_1", "u", "email:rcp_1", "SO-1", "shipment.delivered", Correction.NEW, "{}", 1, NOW)
    assert after(None, act(AGAIN, message=past)) == (None, [SendAgain("C-1", past)])
    assert after(None, act(AGAIN)) == (None, [])
    assert after(None, act(NotificationActionKind.UNKNOWN)) == (None, [])


ACTIONS = st.lists(st.tuples(
    st.sampled_from([ASKED, CONFIRMED, OUT]), st.sampled_from(["rcp_1", "rcp_2"]), st.integers(0, 3 * DAY)
), max_size=12)


@given(ACTIONS, st.integers(DAY, 90 * DAY))
def test_nobody_is_known_who_did_not_ask_and_confirm_and_in_the_end_nobody(steps, remembered: int) -> None:
    found, at, asked = None, NOW, set[str]()
    for kind, who, later in steps:
        at += later
        if found is not None and next_due(found, remembered) <= at:
            found = forgotten(found, remembered, at).known
        found = after(found, act(kind, who, at)).known
        if kind is ASKED:
            asked.add(who)
        told = [] if found is None else found.recipients
        assert all(at - one.enabled_at < remembered for one in told)
        assert {one.recipient_id for one in told} <= asked
        if kind is OUT:
            everybody = [*told, *(one.recipient for one in (found.asked if found else []))]
            assert who not in {one.recipient_id for one in everybody}
    while found is not None:
        due = next_due(found, remembered)
        assert due <= at + max(remembered, UNCONFIRMED)
        effects = forgotten(found, remembered, due)
        assert effects.known != found
        assert all(isinstance(one, EndpointSetting) and one.endpoint is None for one in effects.inputs)
        found = effects.known
