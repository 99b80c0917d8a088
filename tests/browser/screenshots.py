"""``make screenshots``: pictures of the pages for the documentation, light and dark, on a desk and on a phone."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

from portal.tracking.tokens import Subject
from tests.browser.chromium import browser, served
from tests.support.portal_afternoon import (
    STAR,
    STAR_CUSTOMER,
    STAR_ORDER,
    WAITING_ORDER,
    afternoon,
    collecting,
    written_at,
)
from tests.support.portal_world import brands, portal
from tests.support.read_model_world import fill
from tests.support.sources import ROOT

FOLDER = ROOT / "docs" / "images"


class Picture(NamedTuple):
    """``size``: width and height in pixels; ``whole``: the page down to its end."""

    name: str
    address: str
    scheme: str = "light"
    size: tuple[int, int] = (1280, 860)
    whole: bool = False


PHONE = (390, 844)
PICTURES = (
    Picture("tower-worklist", "/tower"),
    Picture("tower-worklist-dark", "/tower", "dark"),
    Picture("tower-worklist-phone", "/tower", size=PHONE),
    Picture("tower-shipment", f"/tower/shipments/ups:{STAR}", size=(1280, 1500)),
    Picture("tower-shipment-dark", f"/tower/shipments/ups:{STAR}", "dark", (1280, 1500)),
    Picture("tower-feeds", "/tower/feeds"),
    Picture("tower-carriers", "/tower/carriers?days=7", size=(1280, 640)),
    Picture("tower-board", "/tower/board?days=7"),
    Picture("tower-replay", "/tower/dead-letters/replay", size=(1280, 640)),
    Picture("tracking-collect", "/t/WAITING", size=(820, 760)),
    Picture("tracking", "/t/TOKEN", size=(820, 1000)),
    Picture("tracking-dark", "/t/TOKEN?lang=de", "dark", (820, 1000)),
    Picture("tracking-phone", "/t/TOKEN", size=PHONE),
)


def take(folder: Path) -> list[Path]:
    """Takes the pictures into a folder; their files. Raises NoBrowser."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    with tempfile.TemporaryDirectory() as name:
        fill(Path(name, "model"), [*afternoon(), *collecting()], written_at)
        shown = portal(Path(name, "model"), brands=brands(Path(name)))
        token = shown.tokens.made(Subject("order", STAR_ORDER, STAR_CUSTOMER))
        waiting = shown.tokens.made(Subject("order", WAITING_ORDER, STAR_CUSTOMER))
        with served(shown.app) as base, browser() as chromium:
            for one in PICTURES:
                context = chromium.new_context(
                    viewport={"width": one.size[0], "height": one.size[1]}, color_scheme=one.scheme, locale="en-GB"
                )
                page = context.new_page()
                page.goto(base + one.address.replace("TOKEN", token).replace("WAITING", waiting), wait_until="load")
                files.append(folder / f"{one.name}.png")
                page.screenshot(path=files[-1], full_page=one.whole)
                context.close()
        shown.store.close()
    return files


if __name__ == "__main__":
    for file in take(FOLDER):
        print(file.relative_to(ROOT))
