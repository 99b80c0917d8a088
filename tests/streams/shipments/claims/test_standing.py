"""Of several words of one claim by one thing the newest holds; the claim stands while any of them does."""

from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import msgpack
from msgspec.structs import replace

from streams.contracts.claim_order import age_of, link_of
from streams.contracts.ids import digest
from streams.contracts.model import Order, OrderLine, OrderLink, OrderReference, OrderState, Reference, ReferenceClaim
from streams.kernel.vocabulary import SaidBy
from streams.orders.step import step as step_orders
from streams.shipments.claims.standing import (
    Claims,
    age_of_claim,
    first_claimed_at,
    governing,
    last_claimed_at,
    revision_of,
    with_version,
)
from streams.shipments.record import decode
from tests.support.laws import tell as tell_shipments
from tests.support.reference_inputs import tell as tell_identity
from tests.support.reference_inputs import word
from tests.support.strategies import DAY_ONE, MINUTE, reference, references

CLAIM = ("O-1", "D-1")


def kept(said: Sequence[OrderReference], claims: Claims = ()) -> Claims:
    """The claims once all of it is taken in."""
    for one in said:
        claims = with_version(claims, one) or claims
    return claims


def standing(claims: Claims) -> list[tuple[OrderLink, int]]:
    return [(one.link, one.at) for _, one in governing(claims) if not one.withdrawn]


def given_up(claims: Claims) -> list[tuple[tuple[str, str], int]]:
    return [(one.claim, one.at) for _, one in governing(claims) if one.withdrawn]


def test_a_claim_is_known_by_its_newest_version() -> None:
    assert age_of_claim((), CLAIM) is None
    word = reference(updated_at=7)
    claims = kept([word])
    assert age_of_claim(claims, CLAIM) == _age_whatever_its_turn(word)
    assert standing(claims) == [(link_of(word), 7)]


def test_a_withdrawal_ends_a_claim_and_is_remembered() -> None:
    gone = reference(updated_at=9, withdrawn=True)
    claims = kept([reference(updated_at=7), gone])
    assert (standing(claims), given_up(claims)) == ([], [(CLAIM, 9)])
    assert age_of_claim(claims, CLAIM) == _age_whatever_its_turn(gone)
    assert last_claimed_at(claims) == 9


@given(st.lists(references() | references(withdrawn=True), max_size=8))
def test_claims_lie_in_the_order_of_order_and_delivery(said: list[OrderReference]) -> None:
    claims = kept(said)
    governed = [one.claim for _, one in governing(claims)]
    assert governed == sorted(set(governed))
    assert [(one.claim, one.by) for one in claims] == sorted({(one.claim, one.by) for one in claims})


def test_each_thing_has_a_version_of_its_own() -> None:
    by_bol = reference(updated_at=8, by="bol:B1")
    claims = kept([reference(updated_at=7), by_bol, reference("O-2", updated_at=7)])
    assert [(one.claim[0], one.by, one.at) for one in claims] == [("O-1", "", 7), ("O-1", "bol:B1", 8), ("O-2", "", 7)]
    assert with_version(claims, by_bol) is None, "a repeat"
    assert with_version(claims, replace(by_bol, updated_at=9)) is not None
    assert with_version(claims, reference(updated_at=1, by="po:P9")) is not None
    assert age_of_claim(claims, CLAIM) == _age_whatever_its_turn(by_bol)
    assert len(standing(claims)) == 2


def test_while_one_version_stands_the_claim_does() -> None:
    claims = kept([reference(updated_at=9, by="bol:B1", withdrawn=True)])
    assert age_of_claim(claims, CLAIM) is None
    claims = kept([reference(updated_at=7)], claims)
    assert age_of_claim(claims, CLAIM) == _age_whatever_its_turn(reference(updated_at=7))
    assert (given_up(claims), last_claimed_at(claims)) == ([], 7)
    claims = kept([reference(updated_at=7, withdrawn=True)], claims)
    assert (standing(claims), given_up(claims)) == ([], [(CLAIM, 7)])


def test_a_claim_references_alone_made_and_withdrew_is_none_that_was_given_up() -> None:
    claims: Claims = ()
    for one in (reference(updated_at=9, by="bol:B1"), reference(updated_at=8, by="po:P9")):
        claims = kept([one, replace(one, withdrawn=True)], claims)
    assert (standing(claims), given_up(claims), last_claimed_at(claims), len(claims)) == ([], [], 0, 2)
    claims = kept([reference(updated_at=6, withdrawn=True)], claims)
    assert (given_up(claims), last_claimed_at(claims)) == ([(CLAIM, 6)], 6)


def test_of_the_versions_by_a_reference_those_of_its_last_turn_count_and_their_time_and_terms_are_the_claims() -> None:
    old, late = reference(updated_at=7, by="bol:B1"), reference(updated_at=9, by="bol:B1")
    turned = replace(old, turn=1)
    for said in permutations([late, replace(late, withdrawn=True), turned]):
        assert [at for _, at in standing(kept(said))] == [7]
    other = reference(updated_at=8, by="po:P9", customer_id="C-2")
    for said in permutations([other, turned]):
        customers = [link.customer_id for link, _ in standing(kept(said))]
        assert customers == ["C-2"], "a turn makes no version newer than others'"


def test_a_turn_of_a_number_decides_among_versions_of_the_same_time_alone() -> None:
    old, again = reference(updated_at=7), reference(updated_at=7, turn=1)
    gone = replace(old, withdrawn=True)
    for said in permutations([old, gone, again, replace(gone, turn=1), replace(old, turn=2)]):
        assert ([at for _, at in standing(kept(said))], given_up(kept(said))) == ([7], [])
    for said in permutations([old, gone, again, replace(gone, updated_at=8)]):
        assert (standing(kept(said)), [at for _, at in given_up(kept(said))]) == ([], [8])
    for said in permutations([again, reference(updated_at=8), reference(updated_at=6, turn=9)]):
        assert ([at for _, at in standing(kept(said))], len(kept(said))) == ([8], 1)


def test_each_version_by_the_number_that_counts_makes_the_claim_newer() -> None:
    old, again = reference(updated_at=7), reference(updated_at=7, turn=1)
    gone = replace(old, withdrawn=True), replace(again, withdrawn=True)
    later = reference(updated_at=8)
    claims: Claims = ()
    revisions = [0]
    for one in (old, gone[0], again, gone[1], replace(old, turn=2), later, replace(later, withdrawn=True)):
        claims = kept([one], claims)
        revisions.append(revision_of(claims, "D-1"))
    assert revisions == sorted(set(revisions))
    assert revision_of(kept([reference(updated_at=9, by="bol:B1")], claims), "D-1") > revisions[-1]


@given(st.lists(references() | references(withdrawn=True), max_size=8), st.data())
def test_claims_are_a_function_of_the_set_of_versions(said: list[OrderReference], data: st.DataObject) -> None:
    """The newest version by each thing by hand, and what is kept in any order."""
    said = [replace(one, tracking_number="N100") for one in said]
    again = data.draw(st.lists(st.sampled_from(said), max_size=4)) if said else []
    newest: dict[tuple[tuple[str, str], str], OrderReference] = {}
    for one in said:
        name = (one.order_id, one.delivery_id), one.by
        newest[name] = max(one, newest.get(name, one), key=age_of)
    stands = {
        claim: max(
            (one for (of, _), one in newest.items() if of == claim and not one.withdrawn),
            key=_age_whatever_its_turn,
        )
        for (claim, _), word in newest.items() if not word.withdrawn
    }
    claims = kept(data.draw(st.permutations(said)))
    assert claims == kept(data.draw(st.permutations([*said, *again])))
    assert standing(claims) == [(link_of(stands[claim]), stands[claim].updated_at) for claim in sorted(stands)]
    ended = {claim for (claim, by), word in newest.items() if not by and word.withdrawn} - stands.keys()
    assert {claim for claim, _ in given_up(claims)} == ended
    assert len(claims) == len(newest)
    for claim, at in first_claimed_at(claims).items():
        mine = [one for one in said if (one.order_id, one.delivery_id) == claim]
        by_number = [one.updated_at for one in mine if not one.by]
        found = [one.updated_at for (of, by), one in newest.items() if of == claim and by and not one.withdrawn]
        assert at == min([*by_number, *found])


def _age_whatever_its_turn(word: OrderReference) -> Any:
    """As one by a reference that never turned."""
    return age_of(replace(word, by="bol:B1", turn=0))[1:]


BOL, PO = Reference("bol", "B1"), Reference("po", "P9")
LINES = st.sampled_from([
    OrderLine("D-1", "north", "N1"), OrderLine("D-1", "north", "N1", [PO]), OrderLine("D-1", "north", "N2"),
    OrderLine("D-1", "north", "", [BOL]), OrderLine("D-1", "north", "", [BOL]), OrderLine("D-1", "", "", [PO]),
])
VERSIONS = st.builds(
    lambda lines, minutes, customer, status: Order(
        "O-1", customer, status, None, None, None, DAY_ONE + minutes * MINUTE, lines
    ),
    st.lists(LINES, min_size=1, max_size=3), st.sampled_from([0, 0, 1, 400 * 60]),
    st.sampled_from(["C-1", "C-2", "C-3"]), st.sampled_from(["open", "open", "open", "cancelled"]),
)
WORDS = st.builds(
    lambda named, number, said_by: word(number, said_by, type=named[0], value=named[1]),
    st.sampled_from([("bol", "B1"), ("bol", "B1"), ("po", "P9")]), st.sampled_from(["N1", "N2"]),
    st.sampled_from([SaidBy.EVENT, SaidBy.EVENT, SaidBy.PERSON]),
)


def _end(
    versions: Sequence[Order], words: Sequence[ReferenceClaim], cut: Callable[[Sequence[Any]], Any]
) -> tuple[Any, Any]:
    """The claims on the shipments, with terms and time, what was given up of them and when, and since when they
    are spoken of, once orders, identity and shipments have heard all."""
    states: dict[str, OrderState | None] = {}
    references_out: list[OrderReference] = []
    claims: list[ReferenceClaim] = []
    for version in versions:
        out = step_orders([version], states)
        states |= out.states
        references_out += out.outputs.references
        claims += out.outputs.claims
    world = tell_identity(cut([*claims, *words]))
    outcome = tell_shipments(cut([*references_out, *world.references]))
    known = {key: decode(record) for key, record in outcome.records.items()}
    return (
        {key: standing(one.facts.claims) for key, one in known.items() if one.orders},
        {
            key: (given_up(one.facts.claims), first_claimed_at(one.facts.claims)) for key, one in known.items()
            if one.view.given_up or one.orders
        },
    )


@given(st.data())
def test_orders_identity_and_shipments_end_in_the_same_claims_whatever_came_first(data: st.DataObject) -> None:
    """And a line with the carrier's number is claimed for, whatever becomes of references."""
    versions = data.draw(st.lists(VERSIONS, max_size=4))
    words = data.draw(st.lists(WORDS, max_size=5))
    plain, given = _end(versions, words, lambda said: [said])
    repeated = data.draw(st.lists(st.sampled_from(versions), max_size=2)) if versions else []
    again = _end(
        data.draw(st.permutations([*versions, *repeated])), words,
        lambda said: [[one] for one in data.draw(st.permutations(said))],
    )
    assert (plain, given) == again
    newest = _newest(versions)
    if newest is not None and newest.status == "open":
        named = {f"north:{line.tracking_number}" for line in newest.shipments if line.tracking_number}
        assert named <= set(plain)
        assert {link.customer_id for links in plain.values() for link, _ in links} <= {newest.customer_id}
    elif newest is not None:
        assert plain == {}


def _newest(versions: Sequence[Order]) -> Order | None:
    """The version that holds, of those of the same time too."""
    states: dict[str, OrderState | None] = {}
    for version in versions:
        states |= step_orders([version], states).states
    held = states.get("O-1")
    return next((one for one in versions if held is not None and _version_of(one) == held.version), None)


def _version_of(order: Order) -> str:
    return digest(msgpack.encode(order).hex())
