"""One browser and one portal for all tests of pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from connectors.embedded.stage_kill import KillCheck, KillFolder, KillReport
from portal.tracking.tokens import Subject
from tests.browser import chromium
from tests.support.hostile_world import hostile_afternoon, hostile_text
from tests.support.portal_afternoon import (
    STAR_CUSTOMER,
    STAR_ORDER,
    WAITING_ORDER,
    afternoon,
    collecting,
    written_at,
)
from tests.support.portal_world import Portal, brands, portal
from tests.support.read_model_world import HOSTILE, MINUTE, NOON, fill

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


class Site(NamedTuple):
    """A portal that listens. ``tracking``: the address of a tracking page, ``collecting``: of one whose parcel waits
    to be collected."""

    address: str
    portal: Portal
    folder: Path
    tracking: str
    collecting: str


@pytest.fixture(scope="session")
def started() -> Iterator[Browser]:
    """Chromium."""
    try:
        chromium.chromium()
        with chromium.browser() as one:
            yield one
    except chromium.NoBrowser as reason:
        chromium.skip_or_fail(reason)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """The portal over an ordinary afternoon."""
    fill(tmp_path / "model", [*afternoon(), *collecting()], written_at)
    kills = KillFolder(tmp_path)
    kills.make()
    kills.write(KillReport("shipments", "Ada", NOON - MINUTE, NOON - MINUTE // 2, 0, 17, NOON - MINUTE // 3,
                           KillCheck(2_391, 2_390, 1, 0, 530, 0, 1_120, 0, 3)))
    made = portal(tmp_path / "model", brands=brands(tmp_path), kills=kills)
    token = made.tokens.made(Subject("order", STAR_ORDER, STAR_CUSTOMER))
    other = made.tokens.made(Subject("order", WAITING_ORDER, STAR_CUSTOMER))
    with chromium.served(made.app) as address:
        yield Site(address, made, tmp_path / "model", f"{address}/t/{token}", f"{address}/t/{other}")
    made.store.close()


@pytest.fixture
def hostile_site(tmp_path: Path) -> Iterator[Site]:
    """The portal over an afternoon whose every foreign text is hostile."""
    fill(tmp_path, hostile_afternoon())
    made = portal(tmp_path)
    made.payloads.records = dict.fromkeys(made.payloads.records, HOSTILE.encode())
    token = made.tokens.made(Subject("order", hostile_text(STAR_ORDER), hostile_text(STAR_CUSTOMER)))
    with chromium.served(made.app) as address:
        yield Site(address, made, tmp_path, f"{address}/t/{token}", "")
    made.store.close()


@pytest.fixture
def page(started: Browser) -> Iterator[Page]:
    """A window; the test fails where a page broke its own policy, ran a dialog or raised an error."""
    context = started.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    one, wrong = context.new_page(), list[str]()
    one.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    one.on("pageerror", lambda error: wrong.append(str(error)))
    one.on("dialog", lambda dialog: (wrong.append(f"dialog {dialog.message}"), dialog.dismiss()))
    yield one
    context.close()
    assert wrong == []
