"""The sender asks each carrier by its channel: EDI goes to the partner's outbox, whole and once."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from connectors.bookings.declaration import ChannelDeclared
from connectors.bookings.declared import Partner
from connectors.bookings.sender import BookingSender
from connectors.formats import edifact, x12
from connectors.mapping.edifact.iftmin import forwarding_instruction
from connectors.mapping.x12.load_tender_204 import Envelope, load_tender
from streams.contracts.bookings import BookingAnswer, BookingRequest
from streams.contracts.edi import Interchange
from streams.kernel.booking_vocabulary import AnswerKind, BookingRequestKind
from streams.kernel.errors import Fatal
from tests.support.booking_world import NOON, VIENNA, Desk, packed, released

[ASKED] = Desk().take(
    released(ship_on=NOON, ship_to=replace(VIENNA, name="O'Hara + Sons: *A~B*>\n")), packed(kilograms=(7.0, 5.0)),
).out.requests
ENVELOPE = Envelope("ZZ:NORTHTRADERS", "02:SOUT", "000000042", NOON)
SOUTH = Partner("south", "SOUT", ChannelDeclared("x12", feed="south_edi", sender="ZZ:NORTHTRADERS", receiver="02:SOUT"))
EAST = Partner("east", "EAST", ChannelDeclared("iftmin", feed="east_edi", sender="14:400001", receiver="14:400002"))
TENDER = """\
ISA*00*          *00*          *ZZ*NORTHTRADERS   *02*SOUT           *260921*1413*U*00401*000000042*0*P*>~
GS*SM*NORTHTRADERS*SOUT*20260921*1413*42*X*004010~
ST*204*0001~
B2**SOUT**80001-1**PP~
B2A*00*LT~
L11*80001*BM~
L11*SO-1*OQ~
G62*64*20260921*1*1613*UT~
NTE*OTH*SERVICE parcel~
S5*1*CL*12*K*2*PC~
G62*10*20260921~
N1*SF*North Traders~
N3*Kaistrasse 1~
N4*Hamburg**20457*DE~
S5*2*CU*12*K*2*PC~
N1*ST*O'Hara + Sons: A B~
N3*Ring 5~
N4*Wien**1010*AT~
L3*12*G*********2~
SE*18*0001~
GE*1*42~
IEA*1*000000042~
"""
INSTRUCTION = """\
UNA:+.? '
UNB+UNOC:3+400001:14+400002:14+260921:1413+000000042'
UNH+1+IFTMIN:D:96A:UN'
BGM+610+80001-1+9'
DTM+137:202609211413:203'
DTM+234:20260921:102'
FTX+AAI+++parcel'
CNT+7:12:KGM'
CNT+11:2'
RFF+DQ:80001'
RFF+ON:SO-1'
TDT+20++30++EAST:172'
NAD+CZ+++North Traders+Kaistrasse 1+Hamburg++20457+DE'
NAD+CN+++O?'Hara ?+ Sons?: *A~B*>+Ring 5+Wien++1010+AT'
GID+1+1:PK'
MEA+AAE+G+KGM:7'
GID+2+1:PK'
MEA+AAE+G+KGM:5'
UNT+17+1'
UNZ+1+000000042'
"""


def sent(
    partner: Partner, request: BookingRequest, root: Path | None
) -> tuple[BookingAnswer | None, list[Interchange]]:
    told: list[Interchange] = []

    async def tell(one: Interchange) -> None:
        told.append(one)

    async def attempt() -> BookingAnswer | None:
        sender = BookingSender({partner.carrier: partner}, root, tell, lambda: NOON)
        try:
            return await sender.attempt(request)
        finally:
            await sender.close()

    return asyncio.run(attempt()), told


def test_a_load_tender_is_an_interchange_that_our_own_reader_takes() -> None:
    text = load_tender(ASKED, "SOUT", ENVELOPE)
    assert text == TENDER
    [one], rejects = x12.read(text.encode())
    assert (one.code, one.flags, one.faults, rejects) == ("204", [], [], [])
    assert one.group.faults == []


def test_a_forwarding_instruction_is_an_interchange_that_our_own_reader_takes() -> None:
    text = forwarding_instruction(ASKED, "EAST", ENVELOPE._replace(sender="14:400001", receiver="14:400002"))
    assert text == INSTRUCTION
    [one], rejects = edifact.read(text.encode("latin-1"))
    assert (one.kind, one.release, one.flags, one.faults, rejects) == ("IFTMIN", "D:96A", [], [], [])
    name = next(segment for segment in one.segments if segment[0] == ["NAD"] and segment[1] == ["CN"])
    assert name[4] == ["O'Hara + Sons: *A~B*>"]


@pytest.mark.parametrize(("kind", "attempt", "purpose", "function"), [
    (BookingRequestKind.BOOK, 1, "00", "9"), (BookingRequestKind.BOOK, 2, "04", "5"),
    (BookingRequestKind.CANCEL, 1, "01", "1"),
])
def test_a_purpose_says_whether_it_is_new_changed_or_cancelled(
    kind: BookingRequestKind, attempt: int, purpose: str, function: str
) -> None:
    request = replace(ASKED, kind=kind, attempt=attempt)
    assert f"B2A*{purpose}*LT~" in load_tender(request, "SOUT", ENVELOPE)
    assert f"BGM+610+80001-1+{function}'" in forwarding_instruction(request, "EAST", ENVELOPE)


@pytest.mark.parametrize("partner", [SOUTH, EAST])
def test_a_request_by_edi_is_a_file_and_an_interchange_to_be_acknowledged(partner: Partner, tmp_path: Path) -> None:
    request = replace(ASKED, carrier=partner.carrier, booking_id="80/001-1")
    for _ in range(2):
        answer, [told] = sent(partner, request, tmp_path)
        assert answer is None
    folder = tmp_path / partner.channel.feed / "outbox"
    [file] = folder.iterdir()
    assert file.name.startswith("80%2F001-1-book-1.")
    assert told.interchange_control in file.read_text("latin-1")
    assert (told.feed, told.kind, told.about) == (
        partner.channel.feed, "204" if partner is SOUTH else "IFTMIN", "80/001-1",
    )


def test_a_file_that_is_not_whole_bears_no_name_by_which_it_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox, seen = tmp_path / SOUTH.channel.feed / "outbox", []
    flush = os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: (seen.append([*outbox.glob("*.x12")]), flush(file)))
    sent(SOUTH, replace(ASKED, carrier=SOUTH.carrier), tmp_path)
    assert seen == [[]]
    assert len([*outbox.glob("*.x12")]) == 1


@pytest.mark.parametrize(("kind", "expected"), [
    (BookingRequestKind.BOOK, AnswerKind.UNAVAILABLE), (BookingRequestKind.CANCEL, AnswerKind.CANCEL_UNAVAILABLE),
])
def test_a_file_that_cannot_be_written_is_tried_again_by_the_stage(
    kind: BookingRequestKind, expected: AnswerKind, tmp_path: Path
) -> None:
    (tmp_path / "south_edi").write_text("in the way", "utf-8")
    answer, told = sent(SOUTH, replace(ASKED, carrier="south", kind=kind), tmp_path)
    assert answer is not None
    assert (answer.kind, told) == (expected, [])


def test_edi_without_a_folder_and_a_carrier_nobody_declares_are_told(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match="south is booked by EDI: name the folder"):
        sent(SOUTH, ASKED, None)
    answer, _ = sent(SOUTH, ASKED, tmp_path)
    assert answer is not None
    assert (answer.kind, answer.detail) == (AnswerKind.FAILED, "no carrier north is declared here")
    answer, _ = sent(SOUTH, replace(ASKED, kind=BookingRequestKind.CANCEL), tmp_path)
    assert answer is not None
    assert answer.kind is AnswerKind.CANCEL_REFUSED


def test_what_is_only_told_is_not_asked(tmp_path: Path) -> None:
    assert sent(SOUTH, replace(ASKED, carrier="south", kind=BookingRequestKind.BOOKED), tmp_path) == (None, [])
