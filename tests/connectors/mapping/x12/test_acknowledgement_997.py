"""The 997 that answers a functional group: what it tells of the envelope, and what its id is made of."""

from __future__ import annotations

import pytest

from connectors.carriers import discover
from streams.intake.adapter import Parsed, RawContext
from streams.kernel.vocabulary import Verdict

CONTEXT = RawContext("x12_partner", "", "raw.x12_partner.v1", 0, 0, 1_790_000_000_000, "c")
ADAPTER = next(one.adapter for one in discover() if one.feed == "x12_partner")
ISA = f"ISA*00*{'':10}*00*{'':10}*02*{'ABCD':15}*ZZ*{'US':15}*260918*1200*U*00401*000000001*0*P*:~"


def interchange(trailer: str = "GE*1*7~", shipment: str = "S1", at: str = "1015") -> bytes:
    return (
        f"{ISA}GS*QM*ABCD*US*20260918*1200*7*X*004010~ST*214*0001~B10*P1*{shipment}*ABCD~LX*1~"
        f"AT7*AF*NS***20260918*{at}*ET~SE*5*0001~{trailer}IEA*1*000000001~"
    ).encode()


def read(body: bytes) -> Parsed:
    return ADAPTER.parse(body, CONTEXT)


def test_a_group_without_fault_is_accepted() -> None:
    [answer] = read(interchange()).acknowledgements
    assert answer.verdict is Verdict.ACCEPTED
    assert "AK5*A~AK9*A*1*1*1~" in answer.text


@pytest.mark.parametrize(("trailer", "flag", "ak9"), [
    ("GE*4*7~", "envelope_counts_wrong", "AK9*E*4*1*1*5~"),
    ("GE*1*8~", "control_number_mismatch", "AK9*E*1*1*1*4~"),
    ("GE*3*8~", "control_number_mismatch", "AK9*E*3*1*1*5*4~"),
    ("", "envelope_truncated", "AK9*E*1*1*1*3~"),
])
def test_what_is_wrong_with_a_group_is_flagged_and_answered_with_its_code(trailer: str, flag: str, ak9: str) -> None:
    parsed = read(interchange(trailer))
    assert flag in parsed.events[0].flags
    [answer] = parsed.acknowledgements
    assert answer.verdict is Verdict.ACCEPTED_WITH_ERRORS
    assert ak9 in answer.text


def test_the_same_bytes_get_the_same_answer() -> None:
    assert read(interchange()).acknowledgements == read(interchange()).acknowledgements


def test_a_control_number_used_again_for_something_else_gets_an_answer_of_its_own() -> None:
    bodies = (interchange(), interchange(shipment="S2"), interchange(at="1130"))
    answers = [read(body).acknowledgements[0] for body in bodies]
    assert len({answer.acknowledgement_id for answer in answers}) == len(bodies)
    assert len({answer.text for answer in answers}) == len(bodies)


def test_a_partners_answer_under_a_control_number_used_again_is_another_answer() -> None:
    ids = set()
    for group in ("11", "12"):
        body = (
            f"{ISA}GS*FA*ABCD*US*20260918*1200*7*X*004010~ST*997*0001~AK1*SM*{group}~AK9*A*1*1*1~SE*4*0001~GE*1*7~"
            "IEA*1*000000001~"
        )
        [answer] = read(body.encode()).acknowledgements
        ids.add(answer.acknowledgement_id)
    assert len(ids) == 2
