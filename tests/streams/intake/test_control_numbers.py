"""Control numbers of EDI: who brought each first, told in few words, and what another delivery repeats."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.model import ControlRun, EdiReceipt
from streams.intake.adapter import RawContext
from streams.intake.control_numbers import KEPT_MS, ControlNumbers, Envelope, SetRead

AT = 1_790_000_000_000


def delivery(name: str, received_at: int = AT, **other: Any) -> RawContext:
    told: dict[str, Any] = {"feed": "north.edi", "channel": "file", "topic": "raw.north.edi.v1", "partition": 2,
                            "offset": 40, **other}
    return RawContext(received_at=received_at, correlation_id=name, **told)


def envelope(*controls: str, interchange: str = "000000071", group: str = "71", sender: str = "NORTH") -> Envelope:
    return Envelope(sender, interchange, group, [SetRead(control, []) for control in controls])


def repeats(known: ControlNumbers, by: RawContext, *envelopes: Envelope) -> list[str]:
    return [one.control for one in known.note(envelopes, by)[0]]


def test_what_another_delivery_brings_again_is_repeated_and_what_is_read_again_is_not() -> None:
    known = ControlNumbers()
    first = known.note([envelope("0001", "0002")], delivery("a"))
    assert first == ([], [EdiReceipt(
        "north.edi", "NORTH", "000000071", "71", [ControlRun("1", "2")], "a", AT, "raw.north.edi.v1", 2, 40,
    )])
    assert repeats(known, delivery("b", offset=41), envelope("0001", "0003")) == ["0001"]
    assert known.note([envelope("0001", "0002")], delivery("a")) == first
    assert repeats(known, delivery("b", offset=41), envelope("0001", "0003")) == ["0001"]


@pytest.mark.parametrize(
    "other", [{"interchange": "000000072"}, {"group": "72"}, {"sender": "SOUTH"}], ids=lambda other: next(iter(other)),
)
def test_a_number_is_one_of_its_sender_interchange_and_group(other: dict[str, str]) -> None:
    known = ControlNumbers()
    known.note([envelope("0001")], delivery("a"))
    assert repeats(known, delivery("b"), envelope("0001", **other)) == []
    assert repeats(known, delivery("c"), envelope("0001", **other)) == ["0001"]


def test_a_number_is_one_of_its_feed() -> None:
    known = ControlNumbers()
    known.note([envelope("0001")], delivery("a"))
    assert repeats(known, delivery("b", feed="south.edi"), envelope("0001")) == []


def test_leading_zeros_do_not_tell_numbers_apart_and_references_that_are_no_numbers_stand_alone() -> None:
    known = ControlNumbers()
    [told] = known.note([envelope("7", "REF-A", "9", "008", "²", "1" * 30)], delivery("a"))[1]
    alone = [ControlRun(text, text) for text in sorted(("1" * 30, "REF-A", "²"))]
    assert told.sets == [ControlRun("7", "9"), *alone]
    assert repeats(known, delivery("b"), envelope("0007", "REF-A", "REF-B", "²")) == ["0007", "REF-A", "²"]


def test_a_set_without_a_control_number_repeats_none() -> None:
    known = ControlNumbers()
    assert known.note([envelope("")], delivery("a")) == ([], [])
    assert repeats(known, delivery("b"), envelope("")) == []


def test_a_number_used_again_after_its_time_is_new() -> None:
    known = ControlNumbers()
    known.note([envelope("0001", "0002")], delivery("a"))
    assert repeats(known, delivery("b", AT + KEPT_MS), envelope("0001")) == ["0001"]
    later = delivery("c", AT + KEPT_MS + 1)
    assert repeats(known, later, envelope("0001")) == []
    assert repeats(known, delivery("d", AT + KEPT_MS + 2), envelope("0001", "0002")) == ["0001"]


def test_beyond_the_most_the_first_seen_is_forgotten() -> None:
    known = ControlNumbers(most=2)
    for place, control in enumerate(("000000071", "000000072", "000000073")):
        known.note([envelope("0001", interchange=control)], delivery(f"d{place}"))
    assert repeats(known, delivery("x"), envelope("0001", interchange="000000072")) == ["0001"]
    assert repeats(known, delivery("x"), envelope("0001", interchange="000000071")) == []


def test_a_worker_hears_of_what_others_saw() -> None:
    one, other = ControlNumbers(), ControlNumbers()
    for told in one.note([envelope("0001", "0002", "0003", "A")], delivery("a"))[1]:
        other.learn(told)
        other.learn(told)
    assert repeats(other, delivery("a"), envelope("0002", "A")) == []
    assert repeats(other, delivery("b"), envelope("0002", "A", "0004")) == ["0002", "A"]


CONTROLS = st.lists(
    st.one_of(st.integers(0, 300).map(str), st.integers(0, 300).map("{:04}".format), st.sampled_from(["A", "B-1"])),
    max_size=20,
)


@given(st.lists(CONTROLS, max_size=6), st.lists(st.integers(0, 5), max_size=12))
def test_repeats_are_found_as_by_a_plain_list_of_all_numbers(deliveries: list[list[str]], read: list[int]) -> None:
    known, heard = ControlNumbers(), ControlNumbers()
    first: dict[str, int] = {}
    for number in read:
        controls = deliveries[number] if number < len(deliveries) else []
        expected = []
        for control in controls:
            plain = str(int(control)) if control.isdigit() else control
            if first.setdefault(plain, number) != number:
                expected.append(control)
        found, told = known.note([envelope(*controls)], delivery(f"d{number}"))
        assert [one.control for one in found] == expected
        for one in told:
            heard.learn(one)
    for control, number in first.items():
        assert repeats(heard, delivery(f"d{number}"), envelope(control)) == []
        assert repeats(heard, delivery("another"), envelope(control)) == [control]
