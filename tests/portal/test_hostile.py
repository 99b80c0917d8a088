"""Foreign text is shown, never run: the same walk in a browser is in ``tests/browser``."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from fastapi.testclient import TestClient
from lxml import html

from portal.tracking.tokens import Subject
from tests.support.hostile_world import hostile_afternoon, hostile_text
from tests.support.portal_afternoon import STAR_CUSTOMER, STAR_ORDER
from tests.support.portal_links import walk
from tests.support.portal_world import Portal, portal
from tests.support.read_model_world import HOSTILE, fill

KNOWN = frozenset({
    "html", "head", "title", "meta", "link", "script", "body", "a", "div", "header", "img", "nav", "ul", "ol", "li",
    "main", "h1", "h2", "h3", "form", "label", "input", "button", "select", "option", "span", "b", "small",
    "article", "section", "dl", "dt", "dd", "p", "time", "br", "details", "summary", "table", "thead", "tbody",
    "tr", "th", "td", "svg", "line", "rect", "text", "circle", "polyline", "q", "del", "code", "pre", "progress",
    "footer", "datalist", "wbr",
})


def judge(name: str, text: str) -> bool:
    """Whether the hostile text is on the page. Raises AssertionError where it is more than text."""
    page = html.fromstring(text)
    assert page.xpath("//@*[starts-with(name(), 'on') or name() = 'autofocus' or name() = 'style']") == [], name
    assert [one for one in page.iter("script") if not (one.get("src") or "").startswith("/static/")] == [], name
    assert {str(one.tag) for one in page.iter() if isinstance(one.tag, str)} <= KNOWN, name
    return HOSTILE.split("\x1b")[0] in page.text_content()


def hostile_portal(folder: Path) -> Portal:
    """Pages whose every foreign text is hostile, payloads too."""
    fill(folder, hostile_afternoon())
    made = portal(folder)
    made.payloads.records = dict.fromkeys(made.payloads.records, HOSTILE.encode())
    return made


def test_no_foreign_text_becomes_markup(tmp_path: Path) -> None:
    made = hostile_portal(tmp_path)
    client = TestClient(made.app)
    seen = 0
    for name, answer in walk(client, "/tower"):
        assert answer.status_code == 200, name
        if answer.headers["content-type"].startswith("text/html"):
            seen += judge(name, answer.text)
    token = made.tokens.made(Subject("order", hostile_text(STAR_ORDER), hostile_text(STAR_CUSTOMER)))
    for language in ("en", "de"):
        answer = client.get(f"/t/{token}?lang={language}")
        assert answer.status_code == 200
        assert judge("tracking", answer.text)
    assert seen > 25
    asked = quote(HOSTILE, safe="")
    for wrong in (f"/tower/shipments?q={asked}", f"/tower/orders/{asked}", f"/tower/shipments/{asked}"):
        assert judge(wrong, client.get(wrong).text)
    made.store.close()
