"""The read model finds, lists and counts; nobody finds records of another customer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import structs

from connectors.read_store.counts import Counted
from connectors.read_store.letters import LetterFilter
from connectors.read_store.pages import WrongCursor
from connectors.read_store.reader import AlertFilter, ReadStore
from connectors.read_store.shipment_lists import ShipmentFilter
from streams.contracts.model import Reference
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import AlertKind, Milestone, OutboundStatus, Punctuality, Status
from tests.support.read_model_world import ACME, NOON, OTHER, event, fill, link, shipment, told


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReadStore]:
    folder = tmp_path_factory.mktemp("read-model")
    fill(folder)
    reader = ReadStore(folder)
    yield reader
    reader.close()


def numbers(store: ReadStore, wanted: ShipmentFilter) -> list[str]:
    return [one.tracking_number[-3:] for one in store.shipments(wanted, 10).rows]


def test_without_a_read_model_the_error_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(Transient, match="shipsync views follow"):
        ReadStore(tmp_path).counts()


def test_it_tells_how_current_it_is(store: ReadStore) -> None:
    assert store.standing() == (NOON, 0, True)


@pytest.mark.parametrize(("wanted", "expected"), [
    (ShipmentFilter(), ["784", "785", "786", "557", "787"]),
    (ShipmentFilter(carrier="dhl"), ["557"]),
    (ShipmentFilter(status="delivered"), ["785"]),
    (ShipmentFilter(punctuality="at_risk"), ["784"]),
    (ShipmentFilter(exception="delay"), ["784"]),
    (ShipmentFilter(since=NOON - 3 * 3_600_000), ["784", "785", "786"]),
    (ShipmentFilter(customer=ACME), ["784", "785", "787"]),
    (ShipmentFilter(customer=OTHER, status="picked_up"), ["787"]),
    (ShipmentFilter(customer="C-NOBODY"), []),
])
def test_a_list_holds_what_is_asked_for(store: ReadStore, wanted: ShipmentFilter, expected: list[str]) -> None:
    assert numbers(store, wanted) == expected


@pytest.mark.parametrize("customer", [None, ACME])
def test_pages_hold_every_shipment_once(store: ReadStore, customer: str | None) -> None:
    wanted, found, cursor = ShipmentFilter(customer=customer), [], None
    while True:
        page = store.shipments(wanted, 2, cursor)
        found += [one.tracking_number for one in page.rows]
        if (cursor := page.next) is None:
            break
    assert found == [one.tracking_number for one in store.shipments(wanted, 10).rows]


def test_filters_together_find_what_fits_all_of_them(store: ReadStore) -> None:
    everything = store.shipments(ShipmentFilter(), 100).rows
    values = [
        (carrier, status, punctuality, exception)
        for carrier in ("ups", "nobody", None) for status in (*Status, None)
        for punctuality in (*Punctuality, None) for exception in ("delay", "lost", None)
    ]
    for carrier, status, punctuality, exception in values:
        fitting = [
            one.tracking_number for one in everything
            if carrier in (None, one.carrier) and status in (None, one.status)
            and punctuality in (None, one.punctuality) and (exception is None or exception in one.open_exceptions[:1])
        ]
        wanted = ShipmentFilter(carrier, status, punctuality, exception)
        assert [one.tracking_number for one in store.shipments(wanted, 100).rows] == fitting, wanted


@pytest.mark.parametrize("status", [*Status])
def test_a_customer_with_many_shipments_finds_the_few_of_a_status(
    store: ReadStore, monkeypatch: pytest.MonkeyPatch, status: Status
) -> None:
    theirs = [one for one in store.shipments(ShipmentFilter(customer=ACME), 100).rows if one.status == status]
    for more in (True, False):
        monkeypatch.setattr(store, "_has_more", lambda *_, more=more: more)
        found = store.shipments(ShipmentFilter(customer=ACME, status=status), 1)
        assert found.rows == theirs[:1]
        assert (found.next is None) == (len(theirs) <= 1)


@pytest.mark.parametrize("cursor", ["x", "", "W10", "WyJhIiwiYiJd", "🚚"])
def test_a_text_that_is_no_cursor_is_refused(store: ReadStore, cursor: str) -> None:
    with pytest.raises(WrongCursor):
        store.shipments(ShipmentFilter(), 2, cursor)


@pytest.mark.parametrize(("text", "kinds"), [
    ("1z999 aa1 0123456784", {"tracking"}), ("po-4711", {"po"}), ("PO4711", {"po"}), ("4711", set()),
    ("SO-1", {"order"}), ("DN-SO-1", {"delivery"}), ("1Z999AA101234567", {"tracking"}), ("'; --", set()), ("%", set()),
])
def test_a_number_leads_to_its_shipments(store: ReadStore, text: str, kinds: set[str]) -> None:
    assert {one.kind for one in store.find(text)} == kinds


def test_nobody_finds_what_is_another_customers(store: ReadStore) -> None:
    theirs = "ups:1Z999AA10123456786"
    assert store.shipment(theirs, ACME) is None
    assert store.shipment(theirs, OTHER) is not None
    assert store.find("SO-2", ACME) == [("ups:1Z999AA10123456787", "order", "SO2")]
    assert store.order("SO-2", ACME) is None
    assert store.order("SO-2", OTHER) is not None
    assert store.words(theirs, ACME) == []
    assert [one.tracking_number[-3:] for one in store.shipments_of("SO-2", ACME)] == ["787"]
    assert [one.order_id for one in store.orders(10, customer=ACME).rows] == ["SO-1"]


def test_a_thread_that_ends_leaves_no_connection_open(tmp_path: Path) -> None:
    fill(tmp_path)
    reader = ReadStore(tmp_path)
    for _ in range(5):
        thread = threading.Thread(target=reader.counts)
        thread.start()
        thread.join()
    reader.counts()
    assert len(reader._all) == 1
    reader.close()


def test_who_hears_of_a_change_is_a_whole_customer(tmp_path: Path) -> None:
    claimed = shipment("1Z1", Status.IN_TRANSIT, NOON, orders=[link("SO-1", "ACME TOOLS"), link("SO-2", "TOOLS")])
    fill(tmp_path, [("ups:1Z1", claimed), ("ups:1Z2", shipment("1Z2", Status.IN_TRANSIT, NOON))])
    reader = ReadStore(tmp_path)
    assert [one.customers for one in reader.changes_after(0, 10)] == [("ACME TOOLS", "TOOLS"), ()]
    assert reader.last_change() - reader.first_change() == 1
    fill(tmp_path, [("ups:1Z1", claimed)])
    assert reader.last_change() - reader.first_change() == 2, "a writer that begins again leaves no gap"
    reader.close()


def test_the_most_pressing_alert_comes_first(store: ReadStore) -> None:
    assert [one.kind for one in store.alerts(AlertFilter(), 10).rows] == [
        AlertKind.FEED_STALE, AlertKind.DELIVERY_AT_RISK
    ]
    assert [one.owner for one in store.alerts(AlertFilter(owner=""), 10).rows] == [None]
    assert len(store.alerts(AlertFilter(open=None), 10).rows) == 3
    first = store.alerts(AlertFilter(), 1)
    assert [one.kind for one in store.alerts(AlertFilter(), 1, first.next).rows] == [AlertKind.DELIVERY_AT_RISK]


def test_one_shipment_has_its_history_words_and_postings(store: ReadStore) -> None:
    key = "ups:1Z999AA10123456785"
    assert [one.event.event.milestone.value for one in store.events(key)] == ["picked_up", "delivered"]  # type: ignore[union-attr]
    assert [one.word.milestone.value for one in store.words(key)] == ["delivered"]
    assert [one.posting.kind.value for one in store.postings(shipment=key)] == ["delivery_confirmation"]
    state = store.shipment(key)
    assert state is not None
    assert state.record == b"", "the stage's own record is nobody else's"


def test_counts_add_up(store: ReadStore) -> None:
    counts = store.counts()
    assert sum(one.number for one in counts) == 5
    assert Counted("ups", "in_transit", "at_risk", "delay", 1) in counts


def test_a_key_that_is_not_there_has_near_ones(store: ReadStore) -> None:
    assert store.nearest("ups:1Z999AA10123456789")[0].startswith("ups:1Z999AA1012345678")
    assert store.nearest("nobody:1") == []


def test_feeds_letters_and_references_are_listed(store: ReadStore) -> None:
    feeds = store.feeds()
    assert list(feeds) == ["dhl", "gls", "ups"]
    assert feeds["gls"].pause is not None
    assert feeds["gls"].state is None
    assert [one.path for one in store.dead_letters(5).rows] == ["$.events[0].time"]
    assert store.dead_letters(5, wanted=LetterFilter("dhl")).rows == []
    assert [one.value for one in store.references_waiting(5)] == ["4712"]
    assert store.customers([ACME, OTHER])[ACME].name == "Acme Tools"


def test_an_order_that_no_longer_claims_a_shipment_leads_to_it_no_more(tmp_path: Path) -> None:
    key = "ups:1Z1"
    fill(tmp_path, [(key, shipment("1Z1", Status.BOOKED, NOON, orders=[link("SO-7", ACME)]))])
    carriers = event("1Z1", Milestone.PICKED_UP, NOON, references=[Reference("order", "SO-9")])
    fill(tmp_path, [(key, carriers), (key, shipment("1Z1", Status.BOOKED, NOON + 1, orders=[link("SO-8", ACME)]))])
    with closing(ReadStore(tmp_path)) as store:
        assert [len(store.find(one)) for one in ("SO-7", "SO-8", "SO-9", "DN-SO-7", "DN-SO-8")] == [0, 1, 1, 0, 1]
        fill(tmp_path, [(key, shipment("1Z1", Status.DELIVERED, NOON + 2, orders=[link("SO-8", OTHER)]))])
        assert store.find("SO-8", ACME) == []
        assert [one.kind for one in store.find("SO-9", OTHER)] == ["order reference"]
        assert store.counts() == [Counted("ups", "delivered", "no_promise", "none", 1)]


def test_messages_about_alerts_are_found_by_the_alert_and_a_new_state_replaces_the_old(tmp_path: Path) -> None:
    both = told("a1", "ops", OutboundStatus.WAITING, NOON, about=["a1", "a2"])
    pager = told("a1", "pager", OutboundStatus.SENT, NOON + 5)
    fill(tmp_path, [("channel:ops", both), ("channel:pager", pager)])
    with closing(ReadStore(tmp_path)) as store:
        before = store.last_change()
        sent = structs.replace(both, status=OutboundStatus.SENT, at=NOON + 9)
        fill(tmp_path, [("channel:ops", sent)])
        found = store.messages_of_alerts(["a1", "a2", "a3", *map(str, range(2_000))])
        assert {alert: [(one.destination, one.status, one.at) for one in of] for alert, of in found.items()} == {
            "a1": [("channel:pager", "sent", NOON + 5), ("channel:ops", "sent", NOON + 9)],
            "a2": [("channel:ops", "sent", NOON + 9)],
        }
        heard = {(one.what, one.key) for one in store.changes_after(before, 10)}
        assert heard == {("alert", "a1"), ("alert", "a2")}, "open pages show who was told"
