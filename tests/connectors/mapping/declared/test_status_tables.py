"""A status table turns a carrier's codes and words into statuses."""

from __future__ import annotations

import pytest

from connectors.mapping.declared.schema import Cause, Group, Meaning, Statuses, TextMeaning
from connectors.mapping.declared.status_tables import UNMAPPED, StatusTable, status_meaning, with_cause
from streams.kernel.vocabulary import ExceptionType, Flag, Milestone, Reason

TABLE = StatusTable(Statuses(
    source="a test",
    codes={
        "I:OT": Milestone.OUT_FOR_DELIVERY,
        "D:*": Milestone.DELIVERED,
        "transit:*": Milestone.IN_TRANSIT,
        "SE": Meaning(Milestone.IN_TRANSIT, ExceptionType.DELAY),
        "IT": Milestone.IN_TRANSIT,
    },
    texts=[
        TextMeaning(starts="departed", milestone=Milestone.DEPARTED_FACILITY, code="transit"),
        TextMeaning(starts="left over", milestone=Milestone.STORED),
    ],
    reasons={
        "12": Cause(Reason.WEATHER, ExceptionType.DELAY),
        "14": Reason.NORMAL,
        "40": Cause(Reason.CUSTOMS_DOCUMENTS, ExceptionType.CUSTOMS, Milestone.CUSTOMS_HELD),
        "50": Cause(Reason.OTHER, ExceptionType.DAMAGE),
    },
))


@pytest.mark.parametrize(
    ("code", "text", "milestone"),
    [
        ("I:OT", "", Milestone.OUT_FOR_DELIVERY),
        ("D:KB", "", Milestone.DELIVERED),
        ("D", "", Milestone.DELIVERED),
        ("transit", "Departed  from\nLyon", Milestone.DEPARTED_FACILITY),
        ("transit", "whatever", Milestone.IN_TRANSIT),
        ("other", "departed", Milestone.UNKNOWN),
        ("", "Left over at the depot", Milestone.STORED),
        ("I:ZZ", "", Milestone.UNKNOWN),
        ("", "", Milestone.UNKNOWN),
    ],
)
def test_the_exact_code_then_the_words_then_the_type(code: str, text: str, milestone: Milestone) -> None:
    assert TABLE.lookup(code, text, None).milestone is milestone


@pytest.mark.parametrize(
    ("code", "milestone"),
    [
        ("D:" + "KB:" * 500, Milestone.DELIVERED),
        ("transit:" * 500, Milestone.IN_TRANSIT),
        ("transitory:" * 500, Milestone.UNKNOWN),
        (":" * 1_000_000, Milestone.UNKNOWN),
    ],
    ids=["of a type", "of another type", "of none", "colons alone"],
)
def test_a_long_code_is_of_its_type_too_and_takes_no_longer_than_its_length(code: str, milestone: Milestone) -> None:
    assert TABLE.lookup(code, "", None).milestone is milestone


def test_a_delivery_by_words_may_be_doubtful() -> None:
    table = StatusTable(Statuses("a test", texts=[
        TextMeaning(starts="left with", milestone=Milestone.DELIVERED, doubtful=True),
    ]))
    assert table.lookup("", "Left with the porter", None).flags == (Flag.DELIVERY_DOUBTFUL.value,)


def test_an_unknown_code_is_flagged_and_never_guessed() -> None:
    assert TABLE.lookup("I:ZZ", "Delivered", None) == UNMAPPED
    assert UNMAPPED.flags == (Flag.CODE_UNMAPPED.value,)


def test_an_exception_has_a_reason_always() -> None:
    assert TABLE.lookup("SE", "", None).reason is Reason.UNKNOWN


def test_a_reason_code_gives_reason_and_exception() -> None:
    meaning = TABLE.lookup("IT", "", "12")
    assert (meaning.milestone, meaning.exception, meaning.reason) == (
        Milestone.IN_TRANSIT, ExceptionType.DELAY, Reason.WEATHER
    )


def test_a_reason_may_tell_the_milestone_of_a_mere_in_transit() -> None:
    assert TABLE.lookup("IT", "", "40").milestone is Milestone.CUSTOMS_HELD
    assert TABLE.lookup("I:OT", "", "40").milestone is Milestone.OUT_FOR_DELIVERY


def test_delivered_is_no_exception_for_being_late_but_for_damage() -> None:
    assert TABLE.lookup("D:KB", "", "12")[2:4] == (ExceptionType.NONE, Reason.WEATHER)
    assert TABLE.lookup("D:KB", "", "50").exception is ExceptionType.DAMAGE


def test_a_normal_reason_leaves_an_exception_unexplained() -> None:
    assert TABLE.lookup("SE", "", "14")[2:4] == (ExceptionType.DELAY, Reason.UNKNOWN)


def test_an_unknown_reason_is_flagged_where_something_is_wrong() -> None:
    assert TABLE.lookup("SE", "", "4711").flags == (Flag.CODE_UNMAPPED.value,)
    assert TABLE.lookup("IT", "", "4711").flags == ()


def test_without_a_cause_a_plain_sense_stays_as_it_is() -> None:
    plain = status_meaning(Milestone.DELIVERED)
    assert with_cause(plain, None) is plain


def test_a_reasons_own_exception_replaces_that_of_the_status_but_no_damage_loss_or_refusal() -> None:
    attempt = status_meaning(Meaning(Milestone.DELIVERY_ATTEMPTED, ExceptionType.CONSIGNEE))
    refused = with_cause(attempt, Cause(Reason.CONSIGNEE_REFUSED, ExceptionType.REFUSAL))
    assert (refused.exception, refused.reason) == (ExceptionType.REFUSAL, Reason.CONSIGNEE_REFUSED)
    late = Cause(Reason.WEATHER, ExceptionType.DELAY)
    assert with_cause(attempt, late).exception is ExceptionType.DELAY
    assert with_cause(refused, late).exception is ExceptionType.REFUSAL
    damaged = status_meaning(Meaning(Milestone.IN_TRANSIT, ExceptionType.DAMAGE))
    assert with_cause(damaged, late)[2:4] == (ExceptionType.DAMAGE, Reason.WEATHER)


def test_codes_of_one_meaning_stand_in_groups_by_type_and_a_code_of_its_own_goes_over_them() -> None:
    table = StatusTable(Statuses(
        "a test", {"X:05": Milestone.INFO},
        groups=[Group(["05", "08"], Milestone.STORED, under=["X", "I"]), Group(["9"], Milestone.DELIVERED)],
    ))
    found = {code: table.lookup(code, "", None).milestone for code in ("X:05", "I:05", "X:08", "9", "05")}
    assert list(found.values()) == [
        Milestone.INFO, Milestone.STORED, Milestone.STORED, Milestone.DELIVERED, Milestone.UNKNOWN,
    ]


def test_words_go_over_a_bare_delivered_and_the_event_says_so() -> None:
    back = TABLE.lookup("D:KB", "Delivered to the original sender", None)
    assert (back.milestone, back.flags) == (Milestone.RETURNED, (Flag.WORDS_DECIDE.value,))
    assert TABLE.lookup("D:2Q", "Delivered to Access Point", None).milestone is Milestone.AVAILABLE_FOR_PICKUP
    assert TABLE.lookup("D:2Q", "Collected by customer at Access Point", None).milestone is Milestone.DELIVERED
    attempt = TABLE.lookup("D", "Delivery attempted", None)
    assert (attempt.milestone, attempt.exception) == (Milestone.DELIVERY_ATTEMPTED, ExceptionType.CONSIGNEE)


def test_a_delivery_that_words_put_into_the_future_is_doubtful() -> None:
    meaning = TABLE.lookup("D", "Will be delivered today", None)
    assert (meaning.milestone, Flag.DELIVERY_DOUBTFUL.value in meaning.flags) == (Milestone.DELIVERED, True)


def test_words_go_over_a_coarse_type_where_it_waits_and_never_over_an_exact_code() -> None:
    assert TABLE.lookup("transit", "Ready for collection at the shop", None).milestone is Milestone.AVAILABLE_FOR_PICKUP
    assert TABLE.lookup("IT", "Ready for collection at the shop", None).milestone is Milestone.IN_TRANSIT
    assert TABLE.lookup("transit", "Will be returned to sender", None).milestone is Milestone.IN_TRANSIT


def test_a_text_of_that_very_code_goes_before_the_code_and_before_the_words_it_holds() -> None:
    table = StatusTable(Statuses(
        source="a test", codes={"01": Milestone.DELIVERED, "X": Milestone.IN_TRANSIT},
        texts=[
            TextMeaning(starts="delivered, parcel locker", milestone=Milestone.DELIVERED, code="01"),
            TextMeaning(contains="no such address", milestone=Milestone.DELIVERY_ATTEMPTED, code="X"),
            TextMeaning(starts="new label", milestone=Milestone.INFO),
        ],
    ))
    assert table.lookup("01", "Delivered, Parcel Locker", None).milestone is Milestone.DELIVERED
    assert table.lookup("01", "Delivered, Parcel Locker, to original sender", None).milestone is Milestone.RETURNED
    assert table.lookup("X", "There is no such address", None).milestone is Milestone.DELIVERY_ATTEMPTED
    assert table.lookup("X", "New label", None).milestone is Milestone.IN_TRANSIT


def test_a_doubtful_entry_is_flagged_until_words_decide() -> None:
    table = StatusTable(Statuses(source="a test", codes={"D:*": Meaning(Milestone.DELIVERED, doubtful=True)}))
    assert table.lookup("D:9", "", None).flags == (Flag.DELIVERY_DOUBTFUL.value,)
    assert table.lookup("D:9", "Returned to sender", None).flags == (Flag.WORDS_DECIDE.value,)
