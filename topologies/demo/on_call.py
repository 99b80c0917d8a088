"""Whoever is on call in the demo: channels of alerts that lead to this process, which counts what comes."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from connectors.embedded.ports import HOST
from streams.paging.wording import RESOLVED
from topologies.demo.customers import serving

SECRET = "DEMO_ON_CALL_URL"
TOGETHER = "5s"


class OnCall:
    """The messages that came about alerts. For several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._alerts: dict[str, int] = {}
        self._kinds = Counter[str]()
        self._seen: set[str] = set()

    def take(self, path: str, headers: dict[str, str], body: bytes) -> int:  # noqa: ARG002
        """Take a request; the HTTP status of the answer."""
        try:
            said = json.loads(body)
            kind, key, count = str(said["type"]), str(said["key"]), int(said["count"])
        except (ValueError, KeyError, TypeError):
            return 400
        with self._lock:
            if (name := headers.get("webhook-id", "")) not in self._seen:
                self._seen.add(name)
                self._kinds[kind] += 1
                self._alerts[key] = count
        return 204

    def sentence(self) -> str:
        """The messages that have come so far, counted in words."""
        with self._lock:
            ended = self._kinds[RESOLVED]
            return (
                f"Told on call so far: {sum(self._alerts.values()):,} alerts by {self._kinds.total() - ended:,}"
                f" webhooks, and their end by {ended:,}; an alert's page in the control tower shows them."
            )


@contextmanager
def on_call() -> Iterator[OnCall]:
    """A receiver of alerts on this machine; its address is in the environment of a stack that is started meanwhile."""
    taken = OnCall()
    with serving(taken, "demo's on call") as port:
        os.environ[SECRET] = f"http://{HOST}:{port}/alerts"
        try:
            yield taken
        finally:
            os.environ.pop(SECRET, None)


def channels(rules: dict[str, Any]) -> dict[str, Any]:
    """A declaration of every channel that these rules name; none where nobody is on call."""
    if SECRET not in os.environ:
        return {}
    naming = [one for route in rules["routes"] for one in (route, route.get("escalate", {}))]
    named = {name for one in naming for name in one.get("channels", [])}
    return {
        name: {"service": "webhook", "secret": SECRET, "together_within": TOGETHER} for name in sorted(named)
    }
