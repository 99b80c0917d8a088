"""People decide: whose a reference is, whether a held delivery is true, whether a feed goes on; each shown before it is
done, only by who may, and said in the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from msgspec import structs

from portal.sign_in.people import Person, Role
from portal.tower.services import Decision
from streams.contracts.audit import Actor
from streams.contracts.model import BookingDecision, FeedPause
from streams.contracts.references import Named
from streams.kernel.booking_vocabulary import BookingAction, BookingPhase
from streams.kernel.vocabulary import ActionChannel, ActorKind
from tests.support.booking_world import Desk, packed
from tests.support.portal_afternoon import STAR, STAR_ORDER, afternoon
from tests.support.portal_world import Portal, portal
from tests.support.read_model_world import MINUTE, NOON, fill

OURS = {"sec-fetch-site": "same-origin"}
AT = NOON + MINUTE // 2
REFERENCE, HELD = "/tower/references/po%3A4500017342", "/tower/held/gls%3AJD014600003"
BILLED, BOOKED = "/tower/billing/DN-70001", "/tower/bookings/80001"
ADA = Actor("Ada", ActorKind.PERSON, ActionChannel.TOWER, "operator")
ELSEWHERE = ("/tower/stack/", "/tower/filters/")
"""A button of the embedded stack alone, and what everybody keeps for themselves: they have tests of their own."""
WAITING = "sent by Ada, waiting to be confirmed"


def of(model: Path, role: Role) -> Portal:
    return portal(model, who=Person("Eve", role))


def test_a_resolution_is_shown_before_it_is_sent(shown: Portal, client: TestClient) -> None:
    assert f'href="{REFERENCE}"' in client.get("/tower/references").text
    page = client.get(f"{REFERENCE}?shipment=UPS: 1z 1").text
    assert shown.acts.taken == []
    assert "picked up of" in page
    assert "1 would still wait" in page
    assert 'value="ups:1Z1"' in page
    answer = client.post(f"{REFERENCE}/resolve", data={"shipment": "ups:1Z1"}, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, REFERENCE)
    assert shown.acts.taken == [Decision(Named("po", "4500017342"), "ups", "1Z1", ADA, AT)]
    for name in (REFERENCE, "/tower/references"):
        assert f"Resolution {WAITING}" in client.get(name).text


@pytest.mark.parametrize(("path", "form", "status"), [
    (f"{REFERENCE}/resolve", {}, 400), (f"{REFERENCE}/resolve", {"shipment": "1Z1"}, 400),
    ("/tower/references/po%3Anone/resolve", {"shipment": "ups:1Z1"}, 404),
    ("/tower/held/ups%3Anone/release", {}, 404), (f"{HELD}/refuse", {}, 400), (f"{HELD}/burn", {}, 404),
    ("/tower/feeds/gls/pause", {}, 400), ("/tower/feeds/none/resume", {}, 404), ("/tower/feeds/gls/burn", {}, 404),
])
def test_what_makes_no_sense_is_not_taken(
    shown: Portal, client: TestClient, path: str, form: dict[str, str], status: int
) -> None:
    assert client.post(path, data=form, headers=OURS).status_code == status
    assert shown.acts.taken == []


def test_a_held_delivery_is_released_by_who_has_seen_whom_it_reaches(shown: Portal, client: TestClient) -> None:
    assert f'href="{HELD}"' in client.get("/tower/held").text
    page = client.get(HELD).text
    assert "Northwind Medical" in page
    assert "DN-70003" in page
    answer = client.post(f"{HELD}/release", data={"reason": "called"}, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, HELD)
    assert shown.acts.taken == [("release", "gls:JD014600003", AT, "called")]
    assert shown.acts.actors == [ADA]
    for name in (HELD, "/tower/held"):
        assert f"Release {WAITING}" in client.get(name).text
    assert "gls:JD014600003" in client.get("/tower/held.csv").text


def test_a_held_delivery_is_refused_with_a_reason(shown: Portal, client: TestClient) -> None:
    client.post(f"{HELD}/refuse", data={"reason": "still in the depot"}, headers=OURS)
    assert shown.acts.taken == [("refuse", "gls:JD014600003", AT, "still in the depot")]
    assert f"Refusal {WAITING}" in client.get(HELD).text


def test_a_feed_is_paused_and_resumed(tmp_path: Path) -> None:
    fill(tmp_path, afternoon())
    made = portal(tmp_path)
    client = TestClient(made.app, follow_redirects=False)
    assert client.post("/tower/feeds/gls/pause", data={"reason": "mend it"}, headers=OURS).status_code == 303
    client.post("/tower/feeds/dpd/resume", headers=OURS)
    assert made.acts.taken == [("pause", "gls", AT, "mend it"), ("resume", "dpd", AT)]
    page = client.get("/tower/feeds").text
    assert page.count(WAITING) == 2
    fill(tmp_path, [("gls", FeedPause("gls", True, AT + 1, "Ada", "mend it"))])
    page = client.get("/tower/feeds").text
    assert f"Pause {WAITING}" not in page
    assert "by Ada: mend it" in page
    made.store.close()


@pytest.mark.parametrize("path", [HELD, f"{REFERENCE}?shipment=ups:1Z1"])
def test_what_kafka_does_not_answer_is_said(shown: Portal, client: TestClient, path: str) -> None:
    shown.acts.away = True
    assert client.get(path).status_code == 503
    answer = client.post("/tower/feeds/dpd/resume", headers=OURS)
    assert answer.status_code == 503
    assert WAITING not in client.get("/tower/feeds").text


def test_who_comes_too_late_is_told(shown: Portal, client: TestClient) -> None:
    shown.acts.late = True
    answer = client.post(f"{HELD}/release", headers=OURS)
    assert answer.status_code == 409
    assert "Somebody may have acted before you: it was done already." in answer.text


def posts(made: Portal) -> Iterator[str]:
    """Every address of the tower that takes a form, with something it is about."""
    about = {
        "/tower/alerts/{alert_id:path}/{action}": f"/tower/alerts/{_first_alert(made)}/acknowledge",
        "/tower/references/{key:path}/resolve": f"{REFERENCE}/resolve",
        "/tower/held/{key:path}/{action}": f"{HELD}/release",
        "/tower/billing/{delivery_id:path}/{action}": f"{BILLED}/waive",
        "/tower/bookings/{delivery_id:path}/{action}": f"{BOOKED}/rebook",
        "/tower/feeds/{feed:path}/{action}": "/tower/feeds/dpd/resume",
        "/tower/dead-letters/replay": "/tower/dead-letters/replay",
        "/tower/notifications/{message_id}/again": "/tower/notifications/msg_1/again",
    }
    for route in iter_route_contexts(made.app.routes):
        if "POST" in (route.methods or ()) and route.path.startswith("/tower") \
                and not route.path.startswith(ELSEWHERE):
            yield about[route.path]


def _first_alert(made: Portal) -> str:
    from connectors.read_store.reader import AlertFilter

    return quote(made.store.alerts(AlertFilter(), 1).rows[0].alert_id)


@pytest.mark.parametrize(("role", "refused"), [
    (Role.VIEWER, None), (Role.FINANCE, None), (Role.OPERATOR, {f"{BILLED}/waive"}), (Role.ADMIN, set()),
])
def test_every_form_asks_for_a_role_and_for_a_page_of_ours(model: Path, role: Role, refused: set[str] | None) -> None:
    """``refused`` None: all but what is finance's, where that is the role."""
    made = of(model, role)
    client = TestClient(made.app, follow_redirects=False)
    found = list(posts(made))
    assert len(found) == 8
    finance = {f"{HELD}/release", f"{BILLED}/waive"} if role is Role.FINANCE else set()
    taken = finance if refused is None else set(found) - refused
    for path in found:
        form = {"shipment": "ups:1Z1", "letters": "intake/raw.ups.v1/0/5", "reason": "agreed"}
        assert client.post(path, data=form, headers={"sec-fetch-site": "cross-site"}).status_code == 403
        expected = 303 if path in taken else 403
        assert client.post(path, data=form, headers=OURS).status_code == expected, path
    assert len(made.acts.taken) == len(taken)
    made.store.close()


@pytest.mark.parametrize(("role", "forms"), [
    (Role.VIEWER, {}), (Role.FINANCE, {HELD: 2}), (Role.OPERATOR, {HELD: 2, REFERENCE: 1, "/tower/feeds": 5}),
])
def test_a_page_shows_no_button_to_who_may_not(model: Path, role: Role, forms: dict[str, int]) -> None:
    made = of(model, role)
    client = TestClient(made.app)
    for name in ("/tower/references", "/tower/held", HELD, REFERENCE, "/tower/feeds"):
        page = client.get(name).text
        assert page.count("<form") - 1 == forms.get(name, 0), name
    refused = client.get(f"{REFERENCE}?shipment=ups:1Z1").status_code
    assert refused == (200 if role is Role.OPERATOR else 403)
    made.store.close()


def test_a_refused_delivery_whose_alert_is_resolved_waits_no_more(tmp_path: Path) -> None:
    from connectors.read_store.reader import AlertFilter
    from streams.kernel.vocabulary import AlertKind, AlertState

    fill(tmp_path, afternoon())
    made = portal(tmp_path)
    [doubt] = made.store.alerts(AlertFilter(True, AlertKind.DELIVERY_DOUBTFUL), 2).rows
    fill(tmp_path, [(doubt.alert_id, structs.replace(doubt, state=AlertState.RESOLVED, changed_at=AT))])
    client = TestClient(made.app)
    assert "No delivery is held back" in client.get("/tower/held").text
    assert client.get(HELD).status_code == 404
    made.store.close()


def test_finance_sees_what_waits_and_decides_with_a_reason(model: Path) -> None:
    made = of(model, Role.FINANCE)
    client = TestClient(made.app, follow_redirects=False)
    page = client.get("/tower/billing").text
    assert "Delivered without proof (1)" in page
    assert f'href="{BILLED}"' in page
    assert "DN-70001" in client.get("/tower/billing.csv").text
    one = client.get(BILLED).text
    assert "held back" in one
    assert one.count("<form") - 1 == 3
    assert "pieces short" in one
    notices = one.partition("Told to the ERP beside postings")[2]
    assert "ready to ship" in notices
    assert "main: note &lt;18&gt;" in notices
    for path, form, status in (
        (f"{BILLED}/waive", {}, 400), (f"{BILLED}/burn", {"reason": "x"}, 404),
        ("/tower/billing/none/waive", {"reason": "x"}, 404),
    ):
        assert client.post(path, data=form, headers=OURS).status_code == status
    assert made.acts.taken == []
    answer = client.post(f"{BILLED}/release", data={"reason": "agreed by mail"}, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, BILLED)
    assert made.acts.taken == [("decide_delivery", "DN-70001", "release", AT, "agreed by mail")]
    assert "Release sent by Eve, waiting to be confirmed" in client.get(BILLED).text
    made.store.close()


def test_an_operator_books_anew_with_a_reason(model: Path) -> None:
    made = of(model, Role.OPERATOR)
    client = TestClient(made.app, follow_redirects=False)
    page = client.get("/tower/bookings").text
    assert "Being asked for (1)" in page
    assert "Freight invoices that differ (1)" in page
    assert f'href="{BOOKED}"' in page
    assert "80001,SO-1,C-1,asking,80001-1,north,parcel,asked" in client.get("/tower/bookings.csv").text
    one = client.get(BOOKED).text
    assert "9.90 EUR" in one
    assert "booking: 80001-1, not a booking that was accepted" in one
    assert one.count("<form") - 1 == 2
    for path, form, status in (
        (f"{BOOKED}/rebook", {}, 400), (f"{BOOKED}/burn", {"reason": "x"}, 404),
        ("/tower/bookings/none/cancel", {"reason": "x"}, 404),
    ):
        assert client.post(path, data=form, headers=OURS).status_code == status
    assert made.acts.taken == []
    answer = client.post(f"{BOOKED}/rebook", data={"reason": "no truck", "carrier": "east"}, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, BOOKED)
    assert made.acts.taken == [BookingDecision("80001", BookingAction.REBOOK, "Eve", "no truck", AT, "east")]
    assert "New booking sent by Eve, waiting to be confirmed" in client.get(BOOKED).text
    made.store.close()


def test_an_order_shows_the_gate_of_its_deliveries(model: Path) -> None:
    made = of(model, Role.VIEWER)
    page = TestClient(made.app).get("/tower/orders/SO-48001").text
    assert f'href="{BILLED}"' in page
    assert "waiting for proof" in page
    made.store.close()


def test_an_orders_page_takes_a_decision_by_who_may_and_comes_back(model: Path) -> None:
    made = of(model, Role.FINANCE)
    client = TestClient(made.app, follow_redirects=False)
    page = client.get("/tower/orders/SO-48001").text
    for said in ("finance sees to it", "held back", "gate shut", f'action="{BILLED}/waive"', STAR):
        assert said in page
    answer = client.post(
        f"{BILLED}/waive", data={"reason": "by mail", "back": "/tower/orders/SO-48001"}, headers=OURS
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/tower/orders/SO-48001")
    assert made.acts.taken == [("decide_delivery", "DN-70001", "waive", AT, "by mail")]
    page = client.get("/tower/orders/SO-48001").text
    assert "Waiver sent by Eve, waiting to be confirmed" in page
    assert f'action="{BILLED}/waive"' not in page
    made.store.close()
    viewer = of(model, Role.VIEWER)
    assert f'action="{BILLED}/waive"' not in TestClient(viewer.app).get("/tower/orders/SO-48001").text
    viewer.store.close()


def test_an_orders_page_says_what_waits_for_whom_with_carriers_and_documents(model: Path) -> None:
    made = of(model, Role.OPERATOR)
    client = TestClient(made.app, follow_redirects=False)
    page = client.get("/tower/orders/SO-48001").text
    for said in (
        "north to take its cancellation", "a person, as no carrier is left to ask", "its proof of delivery",
        "call north", "409: it is loaded", "DN-70002", "3 attempts", "asked for again once", "status 404",
        'action="/tower/bookings/DN-70001/close"', 'action="/tower/bookings/DN-70002/rebook"',
    ):
        assert said in page, said
    assert f'action="{BILLED}/waive"' not in page, "that is finance's"
    assert 'action="/tower/bookings/DN-70001/rebook"' not in page, "its goods are with a carrier"
    answer = client.post("/tower/bookings/DN-70001/close", headers=OURS, data={
        "reason": "called them", "back": "/tower/orders/SO-48001",
    })
    assert (answer.status_code, answer.headers["location"]) == (303, "/tower/orders/SO-48001")
    [taken] = made.acts.taken
    assert (taken.delivery_id, taken.action, taken.by) == ("DN-70001", BookingAction.CLOSE, "Eve")
    assert "Closing sent by Eve, waiting to be confirmed" in client.get("/tower/orders/SO-48001").text
    assert "Cancellations not taken (1)" in client.get("/tower/bookings").text
    made.store.close()
    viewer = of(model, Role.VIEWER)
    assert "/tower/bookings/DN-70001/close" not in TestClient(viewer.app).get("/tower/orders/SO-48001").text
    viewer.store.close()


def test_an_order_says_where_each_posting_is_at_the_erp(client: TestClient) -> None:
    page = client.get(f"/tower/orders/{STAR_ORDER}").text
    assert "main: sent (S-118" in page
    assert "main: held (the &lt;stock&gt; is not there" in page


def test_goods_that_the_warehouse_shipped_by_a_carrier_of_its_own_have_no_booking_to_change(tmp_path: Path) -> None:
    shipped = Desk().take(packed(kind="shipped", numbers=["1Z9"])).known
    assert (shipped.phase, shipped.bookings) == (BookingPhase.BOOKED, [])
    fill(tmp_path, [*afternoon(), ("80001", structs.replace(shipped, order_id="SO-48001"))])
    made = of(tmp_path, Role.OPERATOR)
    page = TestClient(made.app).get("/tower/orders/SO-48001").text
    assert ">80001</a>" in page
    assert 'action="/tower/bookings/80001/' not in page
    made.store.close()
