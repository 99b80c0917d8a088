"""EDIFACT as partners send it: separators, releases, groups, envelopes with faults, and any bytes at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.formats import edifact
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import Flag, RejectReason

GOOD = "UNB+UNOC:3+A+B+260918:1030+7'UNH+1+IFTSTA:D:96A:UN'BGM+23+X'STS+1+21'UNT+4+1'UNZ+1+7'"


def read(text: str) -> list[edifact.Message]:
    return edifact.read(text.encode())[0]


def flags(text: str) -> list[list[str]]:
    return [one.flags for one in read(text)]


def test_a_message_holds_its_segments_element_by_element() -> None:
    [one] = read(GOOD)
    assert (one.kind, one.release, one.control) == ("IFTSTA", "D:96A", "1")
    assert one.segments == [[["BGM"], ["23"], ["X"]], [["STS"], ["1"], ["21"]]]
    assert edifact.at(one.interchange.unb, 4, 1) == "1030"
    assert one.flags == []


def test_separators_come_from_una_and_newlines_are_no_part_of_segments() -> None:
    body = "UNA|*,! ~\r\nUNB*UNOC|3*A*B*260918|1030*7~\r\nUNH*1*IFTSTA|D|96A~\nBGM*a!*b|c~\nUNT*3*1~\nUNZ*1*7~\n"
    assert read(body)[0].segments == [[["BGM"], ["a*b", "c"]]]


@pytest.mark.parametrize(
    ("raw", "element"),
    [("a?+b", ["a+b"]), ("a?:b:c", ["a:b", "c"]), ("a??:b", ["a?", "b"]), ("it?'s", ["it's"]), ("????", ["??"])],
)
def test_a_released_character_separates_nothing(raw: str, element: list[str]) -> None:
    assert read(GOOD.replace("BGM+23+X", f"BGM+23+{raw}"))[0].segments[0][2] == element


def test_interchanges_follow_each_other_with_and_without_groups() -> None:
    group = "UNB+UNOA:1+A+B+260918:1030+8'UNG+IFTSTA+A+B+260918:1030+9+UN+D:96A'"
    other = group + "UNH+1+IFTSTA:D:96A:UN'STS+1+21'UNT+3+1'UNE+1+9'UNZ+1+8'"
    assert [one.flags for one in read(GOOD + "\n" + other)] == [[], []]


def test_latin_letters_are_read_where_the_charset_says_so() -> None:
    body = GOOD.replace("BGM+23+X", "BGM+23+Zürich").encode("latin-1")
    assert edifact.read(body)[0][0].segments[0][2] == ["Zürich"]


@pytest.mark.parametrize(
    ("old", "new", "flag"),
    [
        ("UNT+4+1", "UNT+9+1", Flag.ENVELOPE_COUNTS_WRONG), ("UNT+4+1", "UNT+4+2", Flag.CONTROL_NUMBER_MISMATCH),
        ("UNZ+1+7", "UNZ+3+7", Flag.ENVELOPE_COUNTS_WRONG), ("UNZ+1+7", "UNZ+1+8", Flag.CONTROL_NUMBER_MISMATCH),
        ("UNZ+1+7'", "", Flag.ENVELOPE_TRUNCATED), ("UNT+4+1'", "", Flag.ENVELOPE_TRUNCATED),
    ],
)
def test_a_wrong_envelope_is_flagged_and_nothing_is_dropped(old: str, new: str, flag: Flag) -> None:
    [one] = read(GOOD.replace(old, new))
    assert one.flags == [flag.value]
    assert len(one.segments) == 2


def test_references_seen_before_in_the_same_body_are_flagged() -> None:
    assert flags(GOOD * 2) == [[], [Flag.CONTROL_NUMBER_REPEATED.value]]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"NB+UNOA:1", RejectReason.MALFORMED), (b"UNA:+", RejectReason.MALFORMED),
        (b"UNAaaaaaa", RejectReason.MALFORMED),
        (b"UNB+UNOA:1+A+B+260918:1030+7'UNZ+0+7'", RejectReason.MALFORMED), (b"\xff\xfe\x00", RejectReason.NOT_TEXT),
    ],
)
def test_what_is_no_interchange_is_refused(body: bytes, reason: RejectReason) -> None:
    with pytest.raises(Reject) as refused:
        edifact.read(body)
    assert refused.value.reason is reason


LETTERS = st.characters(codec="utf-8", exclude_characters="\r\n")
PARTS = st.text(LETTERS, max_size=6).filter(lambda part: part == part.strip())


def released(text: str) -> str:
    return "".join(f"?{letter}" if letter in "?'+:" else letter for letter in text)


@given(st.lists(st.lists(PARTS, min_size=1, max_size=3), min_size=1, max_size=4))
def test_what_is_released_comes_back(elements: list[list[str]]) -> None:
    written = "+".join(":".join(map(released, element)) for element in elements)
    [one] = read(GOOD.replace("BGM+23+X", f"BGM+{written}"))
    assert one.segments[0][1:] == elements


@given(st.binary(max_size=120))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for start in (b"", b"UNB+UNOA:1+A+B'", b"UNA:+.? '"):
        try:
            messages, _ = edifact.read(start + body)
        except Reject:
            continue
        assert messages


@given(st.integers(0, len(GOOD)), st.text("+:'?UNHTBZ 1\n", max_size=8))
def test_a_file_chopped_or_overwritten_anywhere_is_read_or_refused(at: int, put: str) -> None:
    for text in (GOOD[:at], GOOD[:at] + put + GOOD[at:], GOOD[:at] + put + GOOD[at + len(put):]):
        try:
            assert all(isinstance(one.kind, str) for one in read(text))
        except Reject as reject:
            assert reject.detail  # noqa: PT017


def test_what_stands_outside_of_any_message_is_refused_and_the_messages_beside_it_go_on() -> None:
    damaged = GOOD.replace("UNZ", "UNQ+2+IFTSTA:D:96A'STS+1+21'UNT+3+2'UNZ").replace("UNH+1", "USH+1'UNH+1")
    [one], [reject] = edifact.read(damaged.encode())
    assert one.control == "1"
    assert reject.reason is RejectReason.MALFORMED
    assert reject.detail == "3 segments outside of any message, from 'UNQ+2+IFTSTA:D:96A' on"
