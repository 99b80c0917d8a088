"""The table of estimates in docs/carriers.md says of each carrier what its ``carrier.yaml`` maps."""

from __future__ import annotations

import re

from connectors.carriers import HOME
from connectors.mapping.declared.schema import Specification
from connectors.mapping.loading import read_carrier_file
from tests.support.sources import ROOT

WINDOW, TIME = "a window, from and to", "a time or a day"
EVENTS, NONE = "estimates as events or segments of their own", "none that could be confirmed"


def stated(spec: Specification) -> str:
    estimates = [one for document in spec.documents for one in document.eta]
    if any(one.begins is not None for one in estimates):
        return WINDOW
    if estimates:
        return TIME
    in_events = spec.x12 is not None or spec.edifact is not None or any(one.classifier for one in spec.documents)
    return EVENTS if in_events else NONE


def test_the_table_of_estimates_is_what_the_carriers_map() -> None:
    mapped: dict[str, list[str]] = {WINDOW: [], TIME: [], EVENTS: [], NONE: []}
    for file in sorted(HOME.glob("*/carrier.yaml")):
        mapped[stated(read_carrier_file(file.parent).spec)].append(file.parent.name)
    page = (ROOT / "docs/carriers.md").read_text("utf-8")
    rows = re.finditer(r"^\| ([^|]+) \| (`[^|]+) \|$", page, re.M)
    table = {row[1]: re.findall(r"`([^`]+)`", row[2]) for row in rows}
    assert {name: table.get(name) for name in mapped} == mapped
