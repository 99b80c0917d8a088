"""Doubts that wait for a person's word, and the effect the word would have."""

from __future__ import annotations

from streams.contracts.model import CarrierEvent, OrderClaim, OrderState, ReferenceState
from streams.identity.matching import MatchingRules, resolutions
from streams.identity.record import ReferenceRecord, decode, encode, with_claim, with_event
from streams.identity.unresolved_alerts import public_state
from streams.kernel.vocabulary import SaidBy
from tests.support.reference_inputs import DAYS, RULES, line, unresolved, word
from tests.support.strategies import DAY_ONE, MINUTE
from topologies.operations.manual_resolution import consequences, decided, lines_never_found, row, taken_back

LAST = DAY_ONE + 5 * DAYS * MINUTE


def known(*items: object) -> ReferenceRecord:
    one = ReferenceRecord("bol", "B1")
    for item in items:
        changed = with_event(one, item) if isinstance(item, CarrierEvent) else with_claim(one, item)  # type: ignore[arg-type]
        one = changed or one
    return one


def state(one: ReferenceRecord, rules: MatchingRules = RULES) -> ReferenceState:
    return public_state(one, resolutions(one, rules), encode(one))


def test_a_manual_resolution_is_valid_at_the_latest_unresolved_event() -> None:
    said = decided(known(unresolved(), unresolved(5 * DAYS)), RULES, "north", "N1", LAST + 99, "mo")
    assert (said.id, said.carrier, said.tracking_number, said.updated_by) == ("bol:B1", "north", "N1", "mo")
    assert (said.updated_at, said.valid_at) == (LAST + 99, LAST)
    assert decided(known(word("N1"), unresolved()), RULES, "north", "N1", 7, "mo").valid_at == 7, "nothing waits"


def test_a_manual_resolution_is_previewed() -> None:
    one = known(unresolved(), line(), word("N1"))
    found = consequences(one, RULES, decided(one, RULES, "north", "N2", DAY_ONE, "mo"))
    assert [event["shipment"] for event in found["told"]] == ["north:N2"]
    assert [event["shipment"] for event in found["taken_back"]] == ["north:N1"]
    assert [(one["tracking_number"], one["withdrawn"]) for one in found["lines"]] == [("N1", True), ("N2", False)]
    assert found["still_waiting"] == 0


def test_a_manual_resolution_does_not_reach_events_of_another_time() -> None:
    one = known(unresolved(), unresolved(5 * DAYS))
    found = consequences(one, RULES, decided(one, RULES, "north", "N1", LAST, "mo"))
    assert (len(found["told"]), found["still_waiting"]) == (1, 1)


def test_after_a_withdrawal_the_other_claims_count_again() -> None:
    one = known(unresolved(), word("N1"), word("N2", SaidBy.PERSON))
    found = consequences(one, RULES, taken_back(one, DAY_ONE + 1, "mo"))
    assert [event["shipment"] for event in found["told"]] == ["north:N1"]


def test_a_row_tells_what_waits_and_who_could_be_meant() -> None:
    one = known(unresolved(), line(), word("N1"), word("N2"))
    told = row(state(one), RULES)
    assert (told["reference"], told["ambiguous"], told["candidates"]) == ("bol:B1", True, ["north:N1", "north:N2"])
    assert [event["milestone"] for event in told["events"]] == ["picked_up"]
    assert [one["order_id"] for one in told["lines"]] == ["O-1"]


def order(*claims: OrderClaim) -> OrderState:
    return OrderState("O-1", "C-1", "open", None, 5, "v", list(claims))


def test_lines_nobody_has_spoken_of_are_listed_with_the_reason() -> None:
    claims = [
        OrderClaim("", "", "north", "N1", "D-1", 5), OrderClaim("", "", "north", "N2", "D-2", 5),
        OrderClaim("", "", "north", "N3", "D-3", 5, withdrawn=True), OrderClaim("bol", "B1", "north", "N1", "D-1", 5),
        OrderClaim("po", "P9", "north", "", "D-4", 5),
    ]
    rows = lines_never_found(order(*claims), {"north:N1"}, {}, RULES)
    assert [(row["delivery_id"], row["waits_for"], row["why"]) for row in rows] == [
        ("D-2", "north:N2", "no carrier event names it"), ("D-4", "po:P9", "no event or claim names it"),
    ]


def test_a_line_waits_while_its_reference_is_nobodys_or_several_shipments() -> None:
    claim = OrderClaim("bol", "B1", "north", "", "D-1", 5)

    def why(*words: object) -> list[str]:
        states = {"bol:B1": state(known(line(), *words))}
        return [row["why"] for row in lines_never_found(order(claim), set(), states, RULES)]

    assert why() == ["no shipment is known by it"]
    assert why(word("N1"), word("N2")) == ["several shipments could be meant"]
    assert why(word("N1")) == []


def test_the_record_is_read_as_the_stage_left_it() -> None:
    one = known(unresolved())
    assert decode(state(one).record) == one
