"""The CONTRL that answers an interchange: what it tells of the envelope, and what its id is made of."""

from __future__ import annotations

import pytest

from connectors.carriers import discover
from streams.intake.adapter import Parsed, RawContext
from streams.kernel.vocabulary import Verdict

CONTEXT = RawContext("edifact_partner", "", "raw.edifact_partner.v1", 0, 0, 1_790_000_000_000, "c")
ADAPTER = next(one.adapter for one in discover() if one.feed == "edifact_partner")


def interchange(une: str = "UNE+1+7'", unz: str = "UNZ+1+9'", consignment: str = "C1") -> bytes:
    return (
        "UNB+UNOC:3+A:14+B:14+260918:1030+9'UNG+IFTSTA+A+B+260918:1030+7+UN+D:96A'UNH+1+IFTSTA:D:96A:UN'BGM+23+1+9'"
        f"CNI+1+{consignment}'STS+1+21'DTM+334:202609181200:203'UNT+6+1'{une}{unz}"
    ).encode()


def read(body: bytes) -> Parsed:
    return ADAPTER.parse(body, CONTEXT)


def test_an_interchange_without_fault_is_accepted() -> None:
    [answer] = read(interchange()).acknowledgements
    assert answer.verdict is Verdict.ACCEPTED
    assert "UCI+9+A:14+B:14+7'" in answer.text


@pytest.mark.parametrize(("une", "unz", "flag", "uci"), [
    ("UNE+3+7'", "UNZ+1+9'", "envelope_counts_wrong", "+7+29+UNE'"),
    ("UNE+1+8'", "UNZ+1+9'", "control_number_mismatch", "+7+28+UNE'"),
    ("", "UNZ+1+9'", "envelope_truncated", "+7+13+UNE'"),
    ("UNE+1+7'", "UNZ+2+9'", "envelope_counts_wrong", "+7+29+UNZ'"),
    ("UNE+1+7'", "UNZ+1+8'", "control_number_mismatch", "+7+28+UNZ'"),
    ("UNE+1+7'", "", "envelope_truncated", "+7+13+UNZ'"),
])
def test_what_is_wrong_with_an_envelope_is_flagged_and_answered_with_its_code(
    une: str, unz: str, flag: str, uci: str
) -> None:
    parsed = read(interchange(une, unz))
    assert flag in parsed.events[0].flags
    [answer] = parsed.acknowledgements
    assert answer.verdict is Verdict.ACCEPTED_WITH_ERRORS
    assert uci in answer.text


def test_the_same_bytes_get_the_same_answer() -> None:
    assert read(interchange()).acknowledgements == read(interchange()).acknowledgements


def test_a_reference_used_again_for_something_else_gets_an_answer_of_its_own() -> None:
    first, second = (read(interchange(consignment=name)).acknowledgements[0] for name in ("C1", "C2"))
    assert first.acknowledgement_id != second.acknowledgement_id
    assert first.text != second.text


def test_a_partners_answer_under_a_reference_used_again_is_another_answer() -> None:
    ids = set()
    for about in ("11", "12"):
        body = f"UNB+UNOC:3+A:14+B:14+260918:1030+9'UNH+1+CONTRL:D:3:UN'UCI+{about}+B:14+A:14+8'UNT+3+1'UNZ+1+9'"
        [answer] = read(body.encode()).acknowledgements
        ids.add(answer.acknowledgement_id)
    assert len(ids) == 2
