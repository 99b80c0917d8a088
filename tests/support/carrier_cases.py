"""The sample payloads of our carriers, as they lie beside their tests."""

from __future__ import annotations

from tests.support.sources import ROOT

CARRIERS = ROOT / "tests" / "connectors" / "carriers"


def case(path: str) -> bytes:
    """The payload at this path under the carriers' tests, such as ``ups/cases/scans.in.json``."""
    return (CARRIERS / path).read_bytes()
