"""More interchanges, messages or lines than a body can hold are refused before each of them costs something."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connectors.formats import edifact, x12
from connectors.formats.room import ALWAYS, Room
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason

ISA, EDGE = b"ISA*00**00**ZZ*S*ZZ*R*260914*1015*U*00401*1*0*P*>~", b"ST*997*1~AK1*QM*1~AK9*A*1*1*1~SE*4*1~"
UNB, UNH = b"UNB+UNOC:3+S+R+260914:1015+1'", b"UNH+1+CONTRL:D:3:UN'UCI+1+S+R+4'UNT+3+1'"


def test_a_body_has_room_for_its_size_and_a_few_more() -> None:
    room = Room(1_000, 100, "lines")
    for _ in range(10 + ALWAYS):
        room.take()
    with pytest.raises(Reject, match="more lines than 1000 bytes can hold") as refused:
        room.take()
    assert refused.value.reason is RejectReason.MALFORMED


@pytest.mark.parametrize(
    ("read", "body", "count"),
    [
        (x12.read, ISA + b"GS*FA*S*R*20260914*1015*1*X*004010~" + EDGE * 1_000 + b"GE*1000*1~IEA*1*1~", 1_000),
        (x12.read, (ISA + b"GS*FA*S*R*20260914*1015*1*X*004010~" + EDGE + b"GE*1*1~IEA*1*1~") * 500, 500),
        (edifact.read, UNB + UNH * 1_000 + b"UNZ+1000+1'", 1_000),
        (edifact.read, (UNB + UNH + b"UNZ+1+1'") * 500, 500),
    ],
    ids=["sets", "interchanges of X12", "messages", "interchanges of EDIFACT"],
)
def test_the_smallest_that_say_anything_have_room(
    read: Callable[[bytes], tuple[list[object], list[Reject]]], body: bytes, count: int
) -> None:
    assert len(read(body)[0]) == count


@pytest.mark.parametrize(
    ("read", "body", "what"),
    [
        (x12.read, ISA + b"ST*214*1~SE*2*1~" * 2_000, "transaction sets"),
        (x12.read, (b"ISA*************1**P*:~ST*214*1~AT7*X1*NS~SE*3*1~") * 2_000, "interchanges"),
        (edifact.read, UNB + b"UNH+1+IFTSTA'UNT+2+1'" * 2_000, "messages"),
        (edifact.read, b"UNB'UNH+1+IFTSTA:D:01B:UN'UNT+2+1'UNZ'" * 2_000, "interchanges"),
    ],
    ids=["sets", "interchanges of X12", "messages", "interchanges of EDIFACT"],
)
def test_those_that_hold_nothing_have_not(
    read: Callable[[bytes], tuple[list[object], list[Reject]]], body: bytes, what: str
) -> None:
    with pytest.raises(Reject, match=f"more {what} than {len(body)} bytes can hold"):
        read(body)
