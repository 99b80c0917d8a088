"""The account by which a killed stage is judged."""

from __future__ import annotations

from msgspec.structs import replace

from streams.contracts.model import CustomerUpdate, ErpPosting
from streams.kernel.vocabulary import Correction, Milestone, PostingKind
from tests.topologies.demo import accounts
from topologies.local_stack.kill_account import Account, Place


def posting(posting_id: str) -> ErpPosting:
    return accounts.posting(Milestone.DELIVERED, PostingKind.DELIVERY_CONFIRMATION, posting_id)


def update(update_id: str, correction: Correction = Correction.NEW) -> CustomerUpdate:
    return replace(accounts.update(), update_id=update_id, correction=correction)


def clean() -> Account:
    account = Account()
    for offset, event_id in enumerate(("a", "b", "a")):
        account.event(event_id, Place("carrier.events.v1", 0, offset))
    for event_id in ("a", "b"):
        account.history(event_id)
    account.posting(posting("p"))
    account.update(update("u"))
    return account


def test_what_adds_up_is_good() -> None:
    check = clean().check()
    assert check.good
    assert (check.events, check.in_history, check.postings, check.updates, check.repeated) == (2, 2, 1, 1, 0)


def test_an_event_that_came_to_nothing_is_lost_and_named() -> None:
    account = clean()
    account.event("c", Place("carrier.events.v1", 0, 3))
    assert account.missing == ["c"]
    check = account.check()
    assert (check.good, check.lost, check.examples) == (False, 1, ["event c is lost"])


def test_an_event_in_the_dead_letters_is_not_lost() -> None:
    account = clean()
    account.event("c", Place("carrier.events.v1", 0, 3))
    account.refused(Place("carrier.events.v1", 0, 3))
    check = account.check()
    assert (check.good, check.refused, check.in_history, check.events) == (True, 1, 2, 3)


def test_a_repeat_under_the_same_id_is_counted_and_does_no_harm() -> None:
    account = clean()
    account.history("a")
    account.posting(posting("p"))
    account.update(update("u"))
    check = account.check()
    assert (check.good, check.repeated) == (True, 3)


def test_the_same_fact_under_two_ids_is_there_twice() -> None:
    account = clean()
    account.posting(posting("q"))
    account.update(update("v"))
    check = account.check()
    assert (check.good, check.posted_twice, check.told_twice) == (False, 1, 1)
    assert len(check.examples) == 2


def test_what_was_taken_back_does_not_count() -> None:
    account = clean()
    account.posting(replace(posting("r"), reverses="p"))
    account.posting(posting("q"))
    account.update(update("u", Correction.RETRACTS))
    account.update(update("v"))
    check = account.check()
    assert (check.good, check.postings, check.updates) == (True, 1, 1)
