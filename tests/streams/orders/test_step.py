"""ERP orders become claims on shipments; the newest word of an order has them, whatever the order of arrival."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json
from msgspec.structs import replace

from streams.contracts.model import Order, OrderLine, OrderReference, OrderState, ReferenceClaim
from streams.kernel.step_result import StepResult
from streams.kernel.vocabulary import RejectReason
from streams.orders import claims as claims_module
from streams.orders.step import OrdersOutputs, step
from tests.support.erp_orders import BOL, PO, order
from tests.support.strategies import batchings

Terms = tuple[str, int, float, str]
Age = tuple[int, int, bool, str, int, float, str]


class Kept:
    """Orders told one after the other, and what others then believe: of every claim the newest word, as shipments and
    references take it (equal time: the later turn wins, then withdrawn, then the greater), and of one on a reference
    the times it was said of."""

    def __init__(self) -> None:
        self.states: dict[str, OrderState] = {}
        self.heard: dict[tuple[Any, ...], Age] = {}
        self.spans: dict[tuple[Any, ...], tuple[int, int]] = {}
        self.out: list[StepResult[OrdersOutputs, OrderState]] = []

    def tell(self, *chunk: Order) -> Kept:
        before = json.encode(self.states)
        out = step(chunk, self.states)
        assert json.encode(self.states) == before, "changed its argument"
        self.states.update(out.states)
        for one in (*out.outputs.references, *out.outputs.claims):
            name, age = self._read(one)
            self.heard[name] = max(age, self.heard.get(name, age))
            if isinstance(one, ReferenceClaim) and one.tracking_number:
                since, until = self.spans.get(name, (one.valid_at, one.valid_at))
                self.spans[name] = min(since, one.valid_at), max(until, one.valid_at)
        self.out.append(out)
        return self

    @staticmethod
    def _read(one: OrderReference | ReferenceClaim) -> tuple[tuple[Any, ...], Age]:
        if isinstance(one, OrderReference):
            name: tuple[Any, ...] = one.carrier, one.tracking_number, one.order_id, one.delivery_id
            at = one.updated_at
        else:
            name = one.type, one.value, one.carrier, one.tracking_number, one.order_id, one.delivery_id
            at = one.said_at
        terms: Terms = ("", -1, -1.0, "")
        if not one.withdrawn:
            worth = -1.0 if one.order_value is None else one.order_value
            terms = one.customer_id, one.promised_delivery_at or -1, worth, one.currency or ""
        return name, (at, one.turn, one.withdrawn, *terms)

    @property
    def believed(self) -> dict[tuple[Any, ...], tuple[int, bool, str, int, float, str]]:
        """The newest word of each claim: its time, whether it is given up, its terms."""
        return {name: (at, *rest) for name, (at, _, *rest) in self.heard.items()}  # type: ignore[misc]

    @property
    def standing(self) -> dict[tuple[Any, ...], Terms]:
        """The claims that stand, with their terms."""
        return {name: age[2:] for name, age in self.believed.items() if not age[1]}

    @property
    def unturned(self) -> dict[str, OrderState]:
        """The states, but for how often a claim was made again at the very same time."""
        return {
            key: replace(state, claims=[replace(one, turn=0) for one in state.claims])
            for key, state in self.states.items()
        }


def test_a_corrected_number_moves_the_claim() -> None:
    kept = Kept().tell(order(OrderLine("D-1", "north", "N1", [BOL])))
    kept.tell(order(OrderLine("D-1", "north", "N2", [BOL]), updated_at=6))
    assert set(kept.standing) == {("north", "N2", "O-1", "D-1"), ("bol", "B1", "north", "N2", "O-1", "D-1")}
    taken_back = [one for one in kept.out[1].outputs.references if one.withdrawn]
    assert [(one.tracking_number, one.updated_at) for one in taken_back] == [("N1", 5)]


def test_a_dropped_line_is_claimed_no_more_and_the_others_stand() -> None:
    kept = Kept().tell(order(OrderLine("D-1", "north", "N1"), OrderLine("D-2", "north", "N2")))
    kept.tell(order(OrderLine("D-2", "north", "N2"), updated_at=6))
    assert set(kept.standing) == {("north", "N2", "O-1", "D-2")}


def test_of_two_lines_that_are_one_claim_the_one_that_is_left_still_makes_it() -> None:
    line = OrderLine("D-1", "north", "N1")
    kept = Kept().tell(order(line, line, OrderLine("D-1", "north", "N2")))
    kept.tell(order(line, updated_at=6))
    assert set(kept.standing) == {("north", "N1", "O-1", "D-1")}
    assert [one.tracking_number for one in kept.out[1].outputs.references if one.withdrawn] == ["N2"]


def test_an_older_word_that_comes_late_tells_since_when_the_number_is_the_orders() -> None:
    kept = Kept().tell(order(OrderLine("D-1", "north", "N2"), updated_at=6))
    kept.tell(order(OrderLine("D-1", "north", "N2")))
    assert ([one.updated_at for one in kept.out[1].outputs.references], kept.out[1].states) == ([5], {})
    assert kept.out[1].counts["older"] == 1


def test_what_only_an_older_word_claimed_is_known_to_be_given_up_though_it_comes_late() -> None:
    versions = order(OrderLine("D-1", "north", "N1", [BOL])), order(OrderLine("D-1", "north", "N2"), updated_at=6)
    late = Kept().tell(versions[1]).tell(versions[0])
    assert late.believed == Kept().tell(*versions).believed
    assert late.believed["north", "N1", "O-1", "D-1"][:2] == (5, True)
    assert late.out[1].states == {}
    assert late.out[1].counts["older"] == 1


def test_a_number_given_again_is_claimed_again() -> None:
    kept = Kept()
    for at, number in ((5, "N1"), (6, "N2"), (7, "N1")):
        kept.tell(order(OrderLine("D-1", "north", number), updated_at=at))
    assert set(kept.standing) == {("north", "N1", "O-1", "D-1")}


def test_a_line_that_gets_its_number_claims_by_reference_no_more() -> None:
    kept = Kept().tell(order(OrderLine("D-1", "north", "", [BOL])))
    kept.tell(order(OrderLine("D-1", "north", "N1"), updated_at=6))
    assert set(kept.standing) == {("north", "N1", "O-1", "D-1")}
    [given_up] = kept.out[1].outputs.claims
    assert (given_up.withdrawn, given_up.said_at) == (True, 5)


def test_a_cancelled_order_claims_nothing() -> None:
    lines = OrderLine("D-1", "north", "N1", [BOL]), OrderLine("D-2", "north", "", [PO])
    kept = Kept().tell(order(*lines), order(*lines, updated_at=6, status="cancelled"))
    assert kept.standing == {}


def test_an_order_nobody_can_name_is_refused_once_and_kept_nowhere() -> None:
    out = step([order(order_id=" "), order(order_id="7" * 300), order(OrderLine("D-1", "n", "1"), order_id="")], {})
    assert [(place, reject.reason) for place, reject in out.refused] == [
        (0, RejectReason.CONTRACT_BROKEN), (1, RejectReason.TOO_LARGE), (2, RejectReason.CONTRACT_BROKEN),
    ]
    assert out.states == {}


def test_an_order_whose_claims_are_too_large_for_a_record_is_refused_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims_module, "MOST_CLAIM_BYTES", 600)
    out = step([order(*(OrderLine(f"D-{n}", "north", "N" * 200) for n in range(most)), order_id=str(most))
                for most in (2, 3)], {})
    [(place, reject)] = out.refused
    assert (place, reject.reason) == (1, RejectReason.TOO_LARGE)
    assert "take 696 bytes; at most 600 are accepted" in reject.detail
    assert (len(out.outputs.references), list(out.states)) == (2, ["2"])


def test_of_what_an_order_gave_up_at_one_time_no_more_is_kept_than_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims_module, "MOST_CLAIM_BYTES", 600)
    versions = [order(OrderLine("D-1", "north", str(n) * 200), customer_id=f"C-{n}") for n in range(9)]
    claims = Kept().tell(*versions).out[0].states["O-1"].claims
    assert [one.tracking_number[0] for one in claims if not one.withdrawn] == ["8"]
    assert len(claims) == 3


def test_an_order_of_too_many_claims_is_refused_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims_module, "MOST_CLAIMS", 2)
    out = step([order(*(OrderLine("D-1", "north", str(number)) for number in range(3)))], {})
    assert [reject.reason for _, reject in out.refused] == [RejectReason.TOO_LARGE]
    assert (out.outputs.references, out.states) == ([], {})


LINES = st.builds(
    OrderLine, st.sampled_from(["D-1", "D-2"]), st.just("north"), st.sampled_from(["", "N1", "N2", "N3"]),
    st.sampled_from([[], [BOL], [BOL, PO]]),
)
VERSIONS = st.builds(
    lambda lines, at, customer, promised, status, on_top, value: order(
        *lines, updated_at=at, customer_id=customer, promised_delivery_at=promised, status=status, references=on_top,
        value=value,
    ),
    st.lists(LINES, max_size=3), st.integers(0, 3), st.sampled_from(["C-1", "C-2"]), st.sampled_from([None, 3, 9]),
    st.sampled_from(["open", "open", "closed", "cancelled"]), st.sampled_from([[], [PO]]),
    st.sampled_from([None, 1.5, 9.0]),
)


@given(st.data())
def test_what_is_claimed_in_the_end_depends_on_the_set_of_versions_alone(data: st.DataObject) -> None:
    versions = data.draw(st.lists(VERSIONS, max_size=5))
    again = data.draw(st.lists(st.sampled_from(versions), max_size=3)) if versions else []
    chunks = data.draw(batchings(data.draw(st.permutations([*versions, *again]))))
    plain, retold = Kept().tell(*versions), Kept()
    for chunk in chunks:
        retold.tell(*chunk)
    assert retold.believed == plain.believed
    assert retold.spans == plain.spans
    assert retold.unturned == plain.unturned


@given(st.lists(VERSIONS, min_size=1, max_size=5))
def test_a_claim_has_the_time_of_the_newest_version_that_makes_it(versions: list[Order]) -> None:
    kept = Kept().tell(*versions)
    newest: dict[tuple[Any, ...], int] = {}
    for version in versions:
        for name in Kept().tell(version).heard:
            newest[name] = max(version.updated_at, newest.get(name, version.updated_at))
    assert {name: age[0] for name, age in kept.believed.items()} == newest
    [state] = kept.states.values()
    assert {one.told_at for one in state.claims} <= {state.updated_at}


@given(st.lists(VERSIONS, min_size=1, max_size=5))
def test_the_newest_version_has_all_its_claims_and_no_other(versions: Sequence[Order]) -> None:
    kept = Kept().tell(*versions)
    [state] = kept.states.values()
    claims = [one for one in state.claims if not one.withdrawn]
    standing = {(one.type, one.value, one.tracking_number, one.delivery_id) for one in claims}
    believed = {
        (name[0], name[1], name[3], name[5]) if len(name) == 6 else ("", "", name[1], name[3]) for name in kept.standing
    }
    assert believed == standing


def test_a_claim_is_made_again_by_a_version_of_the_very_time_at_which_a_late_one_gave_it_up() -> None:
    line = OrderLine("D-1", "north", "N1")
    kept = Kept().tell(order(updated_at=5, value=1.5)).tell(order(line, updated_at=5, value=None))
    assert kept.standing == {}
    kept.tell(order(line, updated_at=5, promised_delivery_at=9))
    assert set(kept.standing) == {("north", "N1", "O-1", "D-1")}


def test_a_claim_made_again_at_the_very_same_time_has_that_time_and_another_turn() -> None:
    line, name = OrderLine("D-1", "north", "N1"), ("north", "N1", "O-1", "D-1")
    kept = Kept().tell(order(line), order(customer_id="C-2"), order(line, customer_id="C-3"))
    assert (kept.heard[name][:3], kept.standing[name][0]) == ((5, 1, False), "C-3")
    kept.tell(order(customer_id="C-4"))
    assert kept.heard[name][:3] == (5, 1, True)
    kept.tell(order(line, updated_at=6, customer_id="C-2"))
    assert (kept.heard[name][:3], kept.standing[name][0]) == ((6, 0, False), "C-2")


def test_an_older_word_that_comes_late_tells_since_when_a_reference_means_the_shipment() -> None:
    line = OrderLine("D-1", "north", "N1", [BOL])
    late = Kept().tell(order(line, updated_at=9)).tell(order(line))
    assert ([one.updated_at for one in late.out[1].outputs.references], late.out[1].states) == ([5], {})
    assert late.spans == Kept().tell(order(line), order(line, updated_at=9)).spans
    assert set(late.spans.values()) == {(5, 9)}


def test_a_repeat_says_nothing_though_its_carrier_is_called_otherwise_by_now() -> None:
    one = order(OrderLine("D-1", "North Freight", "N1", [BOL]))
    first = step([one], {})
    again = step([one], first.states, lambda _: "north")
    assert (again.outputs.references, again.outputs.claims, again.states, again.counts["older"]) == ([], [], {}, 1)


def test_saying_it_all_again_says_nothing_new() -> None:
    said: Sequence[Order] = [order(OrderLine("D-1", "north", "N1", [BOL])), order(updated_at=6)]
    kept = Kept().tell(*said)
    before = dict(kept.believed)
    kept.tell(*said)
    assert (kept.believed, kept.out[1].states) == (before, {})
