"""Pages as a person meets them: by eye, by keyboard, by screen reader, live, and with foreign text that would run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec import structs

from streams.contracts import ids
from streams.contracts.model import AlertAction
from streams.kernel.vocabulary import ActionKind, AlertKind, AlertState
from tests.browser.conftest import Site
from tests.support.hostile_world import hostile_text
from tests.support.portal_afternoon import STAR, STAR_ORDER
from tests.support.read_model_world import NOON, fill
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
ALERT = ids.alert_id(AlertKind.DELIVERY_AT_RISK, f"ups:{STAR}")
PAGES = (
    "/tower", f"/tower/alerts/{ALERT}", "/tower/shipments", f"/tower/shipments/ups:{STAR}",
    f"/tower/shipments?q={STAR_ORDER}", "/tower/orders?customer=C-1001", f"/tower/orders/{STAR_ORDER}", "/tower/feeds",
    "/tower/carriers", "/tower/board", "/tower/dead-letters", "/tower/references", "/tower/postings",
    "/tower/notifications", "/tower/stack",
    "/tower/references/bol:MAEU1234?shipment=dhl:JD014600003", "/tower/held", "/tower/held/gls:JD014600003",
    "/tower/audit", "/tower/shipments/ups:none", "/tower/dead-letters/replay", "/tower/billing",
    "/tower/billing/DN-70001", "/tower/bookings", "/tower/bookings/80001", "/tower/outbox",
    "tracking", "collecting", "/t/nonsense",
)


def of(site: Site, page: str) -> str:
    return {"tracking": site.tracking, "collecting": site.collecting}.get(page, site.address + page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_no_page_has_a_serious_barrier_or_is_wider_than_the_window(
    started: Browser, site: Site, scheme: Any, width: int
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = started.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)
    window, found = context.new_page(), dict[str, list[str]]()
    for name in PAGES:
        window.goto(of(site, name))
        for detail in window.locator("details").all():
            detail.evaluate("one => one.open = true")
        serious = [
            f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in Axe().run(window).response["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        if window.evaluate("document.documentElement.scrollWidth > innerWidth"):
            serious.append("wider than the window")
        if serious:
            found[name] = serious
    context.close()
    assert found == {}


def test_an_alert_is_acknowledged_by_keyboard_and_confirmed_live(site: Site, page: Page) -> None:
    page.goto(f"{site.address}/tower?carrier=ups")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == f"a{ALERT}":
            break
    assert page.evaluate("document.activeElement.matches(':focus-visible')")
    page.keyboard.press("Enter")
    page.get_by_text("Acknowledgement sent by Ada, waiting to be confirmed").wait_for()
    [taken] = site.portal.acts.taken
    assert isinstance(taken, AlertAction)
    assert (taken.alert_id, taken.action, taken.by) == (ALERT, ActionKind.ACKNOWLEDGE, "Ada")
    alert = site.portal.store.alert(ALERT)
    assert alert is not None

    def confirmed() -> bool:
        changed = structs.replace(alert, state=AlertState.ACKNOWLEDGED, changed_at=NOON + 1)
        fill(site.folder, [(ALERT, changed)])
        return page.get_by_text("waiting to be confirmed").count() == 0

    eventually(confirmed)
    assert page.locator("article").first.get_by_text("acknowledged").count() == 1


def test_a_form_that_is_open_is_not_taken_from_under_the_hand(site: Site, page: Page) -> None:
    page.goto(f"{site.address}/tower?carrier=ups")
    page.locator(f"#s{ALERT}").press("Enter")
    note = page.locator("details[open] input[name=note]")
    note.fill("the carrier is asked")
    alert = site.portal.store.alert(ALERT)
    assert alert is not None
    page.evaluate("document.addEventListener('shipsync:looked', () => console.log('looked'))")
    for place in range(3):
        with page.expect_event("console", lambda said: said.text == "looked"):
            fill(site.folder, [(ALERT, structs.replace(alert, owner=f"Grace {place}", changed_at=NOON + place))])
    assert note.input_value() == "the carrier is asked"
    page.locator(f"#s{ALERT}").press("Enter")
    page.get_by_text("Grace 2").wait_for()


def test_a_raw_message_is_fetched_when_it_is_opened(site: Site, page: Page) -> None:
    page.goto(f"{site.address}/tower/shipments/ups:{STAR}")
    assert page.locator(".raw").count() == 0
    page.get_by_text("Raw message").first.press("Enter")
    page.locator(".raw").wait_for()
    assert '"trackingNumber": "1Z999AA10123456784"' in page.locator(".raw").inner_text()


def test_the_colours_follow_the_system_until_somebody_chooses(site: Site, page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(f"{site.address}/tower")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    toggle = page.get_by_role("button", name="Dark colours")
    assert toggle.get_attribute("aria-pressed") == "true"
    toggle.press("Enter")
    page.goto(f"{site.address}/tower/feeds")
    assert page.locator("html").get_attribute("data-theme") == "light"


def test_the_search_leads_to_a_shipment(site: Site, page: Page) -> None:
    page.goto(f"{site.address}/tower/feeds")
    page.get_by_role("searchbox").fill(STAR)
    page.keyboard.press("Enter")
    page.wait_for_url("**/tower/shipments/*")
    assert STAR in page.locator("h1").inner_text()


def test_the_tracking_page_needs_no_script_and_little_of_the_line(started: Browser, site: Site) -> None:
    context = started.new_context(java_script_enabled=False, locale="fr-FR")
    window, sizes = context.new_page(), list[int]()
    window.on("response", lambda answer: sizes.append(len(answer.body())))
    window.goto(site.tracking, wait_until="networkidle")
    assert window.get_by_role("heading", name="Où est ma livraison ?").is_visible()
    window.get_by_role("link", name="Deutsch").click()
    assert window.get_by_role("heading", name="Wo ist meine Lieferung?").is_visible()
    assert sum(sizes) < 50_000
    context.close()


def test_a_held_delivery_is_released_once_it_was_seen_whom_it_reaches(site: Site, page: Page) -> None:
    page.goto(f"{site.address}/tower/held")
    page.get_by_role("link", name="Decide on gls:JD014600003").click()
    assert page.get_by_text("Northwind Medical").is_visible()
    page.locator("summary", has_text="Release").click()
    page.get_by_label("How do you know?").fill("the consignee signed")
    page.get_by_role("button", name="Release the delivery").click()
    page.get_by_text("Release sent by Ada, waiting to be confirmed").wait_for()
    [taken] = site.portal.acts.taken
    assert taken[:2] == ("release", "gls:JD014600003")  # type: ignore[index]


def test_dead_letters_are_replayed_once_it_was_seen_what_becomes_of_them(site: Site, page: Page) -> None:
    page.goto(f"{site.address}/tower/dead-letters?step=intake")
    page.get_by_role("link", name="Replay these …").press("Enter")
    assert page.get_by_text("1 shipment would be told as delivered").is_visible()
    assert page.get_by_text("refused again", exact=True).is_visible()
    assert site.portal.acts.taken == []
    page.get_by_label("Reason").fill("the mapping is mended")
    page.get_by_role("button", name="Replay 2").press("Enter")
    page.get_by_text("Replay sent by Ada, waiting to be confirmed").first.wait_for()
    assert page.url.endswith("/tower/dead-letters?step=intake")
    assert page.get_by_text("waiting to be confirmed").count() == 2
    [taken] = site.portal.acts.taken
    assert (taken[0], len(taken[1]), taken[3]) == ("replay", 2, "the mapping is mended")  # type: ignore[index]


def test_a_parcel_of_several_is_found_and_a_waiting_one_says_where(site: Site, page: Page) -> None:
    page.goto(site.tracking)
    page.get_by_role("navigation", name="2 parcels").get_by_role("link").nth(1).press("Enter")
    assert page.url.endswith("#p2")
    assert page.get_by_text("Received by M. Durand. Paris, FR").is_visible()
    page.goto(site.collecting)
    point = page.get_by_role("definition").filter(has_text="Kiosk am Dom, Domstraße 5")
    assert point.inner_text().splitlines()[:3] == ["Kiosk am Dom, Domstraße 5", "50668 Köln", "DE"]


def test_foreign_text_does_nothing_on_any_page(hostile_site: Site, page: Page) -> None:
    known = {f"/tower/shipments/{hostile_text(f'ups:{STAR}')}", f"/tower/orders/{hostile_text(STAR_ORDER)}"}
    lists = ("/tower", "/tower/shipments", "/tower/orders", "/tower/feeds", "/tower/carriers", "/tower/dead-letters",
             "/tower/references", "/tower/postings", "/tower/board", "/tower/held", "/tower/audit",
             "/tower/dead-letters/replay")
    first = {}
    for name in lists:
        page.goto(hostile_site.address + name)
        for kind in ("alerts", "shipments", "orders"):
            link = page.locator(f"main a[href^='/tower/{kind}/']")
            if kind not in first and link.count():
                first[kind] = str(link.first.get_attribute("href"))
        _harmless(page)
    assert first.keys() == {"alerts", "shipments", "orders"}
    for address in (*first.values(), *(_quoted(one) for one in known)):
        answer = page.goto(hostile_site.address + address)
        assert answer is not None
        assert answer.status == 200, address
        for detail in page.locator("summary[hx-get]").all():
            detail.press("Enter")
        _harmless(page)
    page.goto(hostile_site.tracking)
    _harmless(page)


def _quoted(address: str) -> str:
    from urllib.parse import quote

    start, _, key = address[1:].partition("/")
    kind, _, key = key.partition("/")
    return f"/{start}/{kind}/{quote(key, safe='')}"


def _harmless(page: Page) -> None:
    """The hostile text is there, and nothing of it is an element or an attribute."""
    assert "<script>alert(1)</script>" in page.locator("main").inner_text()
    assert page.locator("main script, main iframe, main [autofocus], [onfocus]").count() == 0
