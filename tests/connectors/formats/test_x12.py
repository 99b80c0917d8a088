"""X12 interchanges as partners send them: faults are flags, only what cannot be read is refused."""

from __future__ import annotations

import pytest

from connectors.formats import x12
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import Flag, RejectReason

ISA = "ISA*00*          *00*          *02*RLCA           *ZZ*SHIPPERCO      *260914*1902*U*00401*000000071*0*P*>"
GS = "GS*QM*RLCA*SHIPPERCO*20260914*1902*71*X*004010"


def interchange(*segments: str, isa: str = ISA, end: str = "~") -> bytes:
    return "".join(segment + end for segment in (isa, GS, *segments)).encode()


GOOD = ("ST*214*0001", "B10*1*2*RLCA", "SE*3*0001", "GE*1*71", "IEA*1*000000071")


@pytest.mark.parametrize("end", ["~", "\n", "\r\n", "…", "~\n", "\x1d", "'"])
def test_any_terminator_ends_a_segment(end: str) -> None:
    sets, rejects = x12.read(interchange(*GOOD, end=end))
    assert [(one.code, one.control, one.sender, one.segments, one.flags) for one in sets] == [
        ("214", "0001", "RLCA", [["B10", "1", "2", "RLCA"]], [])
    ]
    assert rejects == []


def test_a_byte_order_mark_and_blanks_around_are_passed_over() -> None:
    assert len(x12.read(b"\xef\xbb\xbf\r\n" + interchange(*GOOD) + b"\n\n")[0]) == 1


def test_another_element_separator_is_found_in_the_isa() -> None:
    assert x12.read(interchange(*GOOD).replace(b"*", b"|"))[0][0].segments == [["B10", "1", "2", "RLCA"]]


def test_several_interchanges_with_their_own_separators_follow_each_other() -> None:
    other = interchange(*GOOD, end="\n").replace(b"*", b"|").replace(b"0001", b"0002")
    assert [one.flags for one in x12.read(interchange(*GOOD) + other)[0]] == [[], []]


def test_control_numbers_seen_before_in_the_same_body_are_flagged_and_nothing_is_dropped() -> None:
    sets = x12.read(interchange(*GOOD) * 2)[0]
    assert [one.flags for one in sets] == [[], [Flag.CONTROL_NUMBER_REPEATED.value]]
    assert [one.faults for one in sets] == [[], []]


def test_a_control_number_repeated_within_a_group_is_a_fault_of_its_set() -> None:
    one_group = [*GOOD[:3], *GOOD[:3], *GOOD[3:]]
    sets = x12.read(interchange(*one_group))[0]
    assert [Flag.CONTROL_NUMBER_REPEATED.value in one.flags for one in sets] == [False, True]
    assert [one.faults for one in sets] == [[], ["23: control number 0001 is repeated"]]


def test_blanks_stand_for_empty_elements() -> None:
    segments = x12.read(interchange("ST*214*0001", "AT7*X1*AM*  *  *20260914", *GOOD[2:]))[0][0].segments
    assert segments == [["AT7", "X1", "AM", "", "", "20260914"]]


@pytest.mark.parametrize(
    ("replaced", "flags"),
    [
        ({"SE*3*0001": "SE*9*0001"}, {Flag.ENVELOPE_COUNTS_WRONG}),
        ({"SE*3*0001": "SE*3*0009"}, {Flag.CONTROL_NUMBER_MISMATCH}),
        ({"GE*1*71": "GE*2*71"}, {Flag.ENVELOPE_COUNTS_WRONG}),
        ({"GE*1*71": "GE*1*72"}, {Flag.CONTROL_NUMBER_MISMATCH}),
        ({"IEA*1*000000071": "IEA*4*000000071"}, {Flag.ENVELOPE_COUNTS_WRONG}),
        ({"IEA*1*000000071": "IEA*1*000000000"}, {Flag.CONTROL_NUMBER_MISMATCH}),
        ({"IEA*1*000000071": ""}, {Flag.ENVELOPE_TRUNCATED}),
        ({"GE*1*71": ""}, {Flag.ENVELOPE_TRUNCATED}),
        ({"SE*3*0001": ""}, {Flag.ENVELOPE_TRUNCATED}),
        ({"GE*1*71": "", "IEA*1*000000071": ""}, {Flag.ENVELOPE_TRUNCATED}),
    ],
)
def test_a_faulty_envelope_is_flagged_and_its_sets_are_read(replaced: dict[str, str], flags: set[Flag]) -> None:
    (one,), _ = x12.read(interchange(*(replaced.get(segment, segment) for segment in GOOD)))
    assert set(one.flags) == {flag.value for flag in flags}
    assert one.segments


@pytest.mark.parametrize(
    "body",
    [
        ISA[:61].encode(),
        ISA[:-1].encode(),
        b"ISA",
        b"SA*00*",
        b"hello",
        interchange(*GOOD).replace(b"*02*RLCA           ", b"", 1),
        interchange(isa=ISA),
        interchange(*GOOD)[:106] + interchange(*GOOD)[106:].replace(b"*", b"|"),
    ],
)
def test_what_cannot_be_read_is_malformed(body: bytes) -> None:
    with pytest.raises(Reject) as refused:
        x12.read(body)
    assert refused.value.reason is RejectReason.MALFORMED


def test_bytes_that_are_no_text_are_refused_and_latin_1_is_read() -> None:
    with pytest.raises(Reject) as refused:
        x12.read(b"\xff\xfe\x00\x01")
    assert refused.value.reason is RejectReason.NOT_TEXT
    assert x12.read(interchange("ST*214*1", "N1*SH*K\xf6ln", "SE*3*1").decode().encode("latin-1"))[0]


def test_a_later_interchange_cut_short_does_not_cost_the_earlier_one() -> None:
    sets, rejects = x12.read(interchange(*GOOD) + ISA[:40].encode())
    assert len(sets) == 1
    assert [reject.reason for reject in rejects] == [RejectReason.MALFORMED]


def test_what_stands_outside_of_any_set_is_refused_and_the_sets_beside_it_go_on() -> None:
    damaged = ("S*214*0002", "B10*9*9*RLCA", "SE*3*0002")
    sets, [reject] = x12.read(interchange("TA1*000000071*260914*1902*A*000", *GOOD[:3], *damaged, *GOOD[3:]))
    assert [one.control for one in sets] == ["0001"]
    assert reject.reason is RejectReason.MALFORMED
    assert reject.detail == "3 segments outside of any transaction set, from 'S*214*0002' on"
    assert "from 'garbage' on" in x12.read(interchange(*GOOD) + b"garbage")[1][0].detail


@pytest.mark.parametrize("end", [" ~", "   ~", " ~\n"])
def test_blanks_before_the_terminator_are_read_and_flagged(end: str) -> None:
    [one] = x12.read(interchange(*GOOD).replace(b"~", end.encode()))[0]
    assert (one.flags, one.segments) == ([Flag.ENVELOPE_NONSTANDARD.value], x12.read(interchange(*GOOD))[0][0].segments)


@pytest.mark.parametrize("end", ["~", "\n", "~\n", "~\r\n"])
@pytest.mark.parametrize("separator", ["", "*"])
def test_an_isa_without_its_last_element_is_read_and_flagged(end: str, separator: str) -> None:
    body = interchange(*GOOD).replace(b"~", end.encode())
    isa, _, rest = body.partition(end.encode())
    short = isa.rpartition(b"*")[0] + separator.encode() + end.encode() + rest
    [one] = x12.read(short)[0]
    assert one.flags == [Flag.ENVELOPE_NONSTANDARD.value]


def test_line_breaks_within_segments_are_no_content() -> None:
    plain = interchange(*GOOD)
    wrapped = plain[:106] + b"\r\n".join(plain[at:at + 20] for at in range(106, len(plain), 20))
    assert [one.segments for one in x12.read(wrapped)[0]] == [one.segments for one in x12.read(plain)[0]]
