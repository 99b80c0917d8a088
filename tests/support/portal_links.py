"""Walks pages by their links."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fastapi.testclient import TestClient
from httpx import Response
from lxml import html

_KIND = re.compile(r"^(/tower/(?:shipments|orders|alerts|raw)\b).+")


def walk(client: TestClient, first: str, most_of_a_kind: int = 6) -> Iterator[tuple[str, Response]]:
    """Every page that links lead to from the first one; of shipments, orders and alerts only some."""
    waiting, seen, of_kind = [first], {first}, dict[str, int]()
    while waiting:
        address = waiting.pop(0)
        answer = client.get(address)
        yield address, answer
        if not answer.headers.get("content-type", "").startswith("text/html") or not answer.text.strip():
            continue
        for link in html.fromstring(answer.text).iter("a"):
            to = link.get("href", "")
            if to.startswith("?"):
                to = address.partition("?")[0] + to
            if not to.startswith("/") or to in seen:
                continue
            seen.add(to)
            kind = _KIND.match(to)
            if kind is not None:
                of_kind[kind[1]] = of_kind.get(kind[1], 0) + 1
                if of_kind[kind[1]] > most_of_a_kind:
                    continue
            waiting.append(to)
