"""The first inputs of each fuzz target: the golden cases of the carriers that speak its format."""

from __future__ import annotations

from pathlib import Path

CASES = Path(__file__).parents[1] / "connectors" / "carriers"
FEEDS = {
    "json": "ups", "json_list": "dcsa", "xml": "ups", "xml_attributes": "epcis", "x12": "x12_partner",
    "edifact": "edifact_partner", "ndjson": "rows_ndjson", "csv": "rows_csv",
}
TARGETS = (*FEEDS, "cutting", "drafting")
_OF = {"cutting": ("x12_partner", "rlca"), "drafting": ("ups", "gls", "usps", "rlca")}
_SUFFIX = {
    "json": ".json", "json_list": ".json", "xml": ".xml", "xml_attributes": ".xml", "x12": ".edi", "edifact": ".edi",
    "cutting": ".edi", "drafting": "",
}
_ROWS = """\
feed: rows_{kind}
name: Rows
carrier: rows
formats: [{kind}]
channel: file
zone: UTC
cadence: {{expect_every: 1h, stale_after: 6h}}
source: made up
documents:
  - name: rows
    when: message.PRO
    tracking_number: message.PRO
    time: [{{stamp: message.At, pattern: [iso, "%d.%m.%Y %H:%M"]}}]
    statuses: codes
    code: message.Code
    place: {{line: message.Where}}
statuses:
  codes: {{source: made up, codes: {{D: delivered}}}}
"""
_LINES = {
    "csv": b'PRO,At,Code,Where\nA1,2026-09-14 10:00,D,"Linz, O\xc3\x96, AT"\nA2,14.09.2026 10:00,X,\n',
    "ndjson": b'{"PRO":"A1","At":"2026-09-14T10:00:00Z","Code":"D"}\n{"PRO":2}\n[]\n',
}


def write_rows_carriers(home: Path) -> None:
    """Carriers that send lines, which none of ours does."""
    for kind in _LINES:
        (home / f"rows_{kind}").mkdir()
        (home / f"rows_{kind}" / "carrier.yaml").write_text(_ROWS.format(kind=kind), "utf-8")


def write(name: str, folder: Path) -> int:
    """Write the target's first inputs; how many."""
    bodies = [_LINES[name]] if name in _LINES else [
        path.read_bytes()
        for feed in _OF.get(name) or (FEEDS[name],)
        for path in sorted((CASES / feed / "cases").glob("*.in.*")) if path.name.endswith(_SUFFIX[name])
    ]
    for number, body in enumerate(bodies):
        (folder / f"{number:03}").write_bytes(body)
    return len(bodies)
