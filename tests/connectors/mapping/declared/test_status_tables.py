"""What a status table makes of a carrier's codes and words."""

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
        TextMeaning("departed", Milestone.DEPARTED_FACILITY, code="transit"),
        TextMeaning("left over", Milestone.STORED),
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
