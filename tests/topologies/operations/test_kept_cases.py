"""The kept cases of every packaged carrier show what is written down of them, and nothing else to look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import Settings
from connectors.carriers import Carrier, discover
from topologies.cli.carrier import KEPT
from topologies.operations.dry_run import examine, guesses_left, read_file
from topologies.operations.kept_cases import Recorded, asked_for, recorded

CARRIERS = {carrier.feed: carrier for carrier in discover()}


@pytest.mark.parametrize("carrier", CARRIERS.values(), ids=list(CARRIERS))
def test_every_packaged_carrier_passes_its_check(carrier: Carrier) -> None:
    files = sorted((KEPT / carrier.feed / "cases").glob("*.in.*"))
    found = examine((read_file(carrier, file, Settings(), asked_for(file)) for file in files), recorded=recorded(files))
    assert found.files == len(files) > 0
    assert (found.unmapped, found.faults, guesses_left(carrier)) == ([], 0, [])


def test_what_is_written_down_is_read_from_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.in.json").write_text("{}")
    (tmp_path / "a.out.json").write_text(
        '{"events": [{"carrier_code": "QX", "flags": ["code_unmapped"]}, {"carrier_code": "FS"}],'
        ' "rejects": [{"reason": "malformed"}]}'
    )
    (tmp_path / "b.in.json").write_text("{}")
    found = recorded(sorted(tmp_path.glob("*.in.*")))
    assert found == {"a.in.json": Recorded(frozenset({"QX"}), frozenset({"malformed"}))}


def test_a_name_may_say_what_was_asked_for() -> None:
    assert [asked_for(Path(name)) for name in ("shop.asked_1550.in.xml", "shop.in.xml")] == ["1550", ""]
