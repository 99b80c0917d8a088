"""A carrier of a folder of its own, to which a test adds what it is about."""

from __future__ import annotations

from pathlib import Path

ACME = """\
feed: acme
name: Acme
carrier: acme
formats: [json]
channel: webhook
zone: UTC
cadence: {expect_every: 15m, stale_after: 2h}
source: made up for tests
documents:
  - name: scan
    when: message.number
    tracking_number: message.number
    time: [{stamp: message.at}]
    statuses: codes
    code: message.code
statuses:
  codes: {source: made up for tests, codes: {NO: delivered}}
"""


def acme_in(home: Path, more: str, text: str = ACME) -> Path:
    """The folder with the carrier's file, which ends with ``more``."""
    folder = home / "acme"
    folder.mkdir()
    (folder / "carrier.yaml").write_text(text + more, "utf-8")
    return home
