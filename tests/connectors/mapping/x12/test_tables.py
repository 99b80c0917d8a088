"""The standard's code lists are whole, and a partner's entries go over them."""

from __future__ import annotations

from connectors.mapping.declared.schema import X12, Cause, Meaning
from connectors.mapping.values.times import zone
from connectors.mapping.x12.tables import codes_of, standard
from streams.kernel.vocabulary import ExceptionType, Flag, Milestone, Reason

STATUSES = [
    "A3", "A7", "A9", "AF", "AG", "AH", "AI", "AJ", "AM", "AN", "AP", "AR", "AV", "AW", "B6", "BA", "BC", "BO",
    "BR", "C1", "CA", "CD", "CL", "CP", "D1", "DO", "I1", "J1", "L1", "NB", "OO", "OP", "P1", "R1", "RH", "S1",
    "SD", "X1", "X2", "X3", "X4", "X5", "X6", "X8", "XB", "Y1",
]
REASONS = [
    "A1", "A2", "A3", "A5", "A6", "AA", "AD", "AE", "AF", "AG", "AH", "AI", "AJ", "AK", "AL", "AM", "AN", "AO",
    "AQ", "AR", "AS", "AT", "AV", "AW", "AX", "AY", "AZ", "B1", "B4", "B5", "B8", "B9", "BB", "BC", "BD", "BE",
    "BF", "BG", "BH", "BI", "BL", "BP", "BQ", "BS", "BT", "C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9",
    "CA", "CB", "CC", "D1", "D2", "F2", "HB", "NA", "NS", "P1", "P2", "P3", "P4", "RC", "S1", "T1", "T2", "T3",
    "T4", "T5", "T6", "T7",
]
APPOINTMENTS = ["AA", "AB", "AC", "ED", "EP", "LD", "LP", "X9", "XA"]


def test_every_code_of_the_standard_means_something() -> None:
    tables = standard()
    assert [code for code in STATUSES if code not in tables.statuses] == []
    assert [code for code in REASONS if code not in tables.reasons] == []
    assert [code for code in APPOINTMENTS if code not in tables.appointments] == []


def test_every_zone_exists() -> None:
    assert [name for name in standard().zones.values() if zone(name).key != name] == []


def test_a_reason_explains_a_status() -> None:
    codes = codes_of(X12(["214"]))
    assert codes.lookup("SD", "", "AO")[2:4] == (ExceptionType.DELAY, Reason.WEATHER)
    assert codes.lookup("SD", "", "AS").milestone is Milestone.CUSTOMS_HELD
    assert codes.lookup("D1", "", "NS")[2:4] == (ExceptionType.NONE, Reason.NORMAL)
    assert codes.lookup("", "AB", "NA").milestone is Milestone.APPOINTMENT_SET


def test_an_unknown_code_is_unknown_and_an_unknown_reason_of_trouble_flagged() -> None:
    codes = codes_of(X12(["214"]))
    assert codes.lookup("ZQ", "", "NS").milestone is Milestone.UNKNOWN
    assert codes.lookup("SD", "", "QQ").flags == (Flag.CODE_UNMAPPED.value,)
    assert codes.lookup("X6", "", "QQ").flags == ()


def test_a_partners_own_entries_go_over_the_standards() -> None:
    partner = X12(
        ["214"], statuses={"D1": Meaning(Milestone.ARRIVED_DELIVERY), "Q1": Milestone.STORED},
        reasons={"AO": Cause(Reason.STRIKE, ExceptionType.DELAY)}, references={"ZZ": "customer"},
    )
    codes = codes_of(partner)
    assert codes.lookup("D1", "", "").milestone is Milestone.ARRIVED_DELIVERY
    assert codes.lookup("Q1", "", "").milestone is Milestone.STORED
    assert codes.lookup("SD", "", "AO").reason is Reason.STRIKE
    assert codes.reference_types["ZZ"] == "customer"
