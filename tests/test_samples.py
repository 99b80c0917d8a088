"""Real payloads of our carriers, where they lie on this machine: each becomes the events, or is refused for the
reason, that a person reading it expects (tests/samples/).
"""

from __future__ import annotations

import pytest

from streams.intake import TakenIn
from tests.samples import EXPECTED, FEED_OF, FLAGGED, FOLDER, UNRESOLVED, events_of, reasons_of, spelled_out, taken_in

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="SHIPSYNC_SAMPLES names no folder of real payloads")


@pytest.fixture(scope="module")
def taken() -> dict[str, TakenIn]:
    return {name: one for name, one in taken_in(FOLDER).items() if one is not None}


def test_every_source_is_read_by_a_feed() -> None:
    assert [name for name, one in taken_in(FOLDER).items() if one is None] == []
    assert {name for name in FEED_OF if "/" not in name} == {path.name for path in FOLDER.iterdir() if path.is_dir()}


def test_every_file_has_an_expected_outcome(taken: dict[str, TakenIn]) -> None:
    assert set(taken) == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_payload_becomes_what_one_reads_in_it(name: str, taken: dict[str, TakenIn]) -> None:
    milestones = [event.milestone.value for event in events_of(taken[name])]
    assert (milestones, reasons_of(taken[name])) == (spelled_out(EXPECTED[name][0]), EXPECTED[name][1].split())


@pytest.mark.parametrize("name", EXPECTED)
def test_a_refusal_says_why(name: str, taken: dict[str, TakenIn]) -> None:
    said = [reject.detail for _, reject in taken[name].refused] + [error.detail for _, error in taken[name].errors]
    assert all(len(detail) > 10 for detail in said)


def test_scans_without_the_carriers_number_are_unresolved(taken: dict[str, TakenIn]) -> None:
    found = {name: len(result.unresolved) for name, result in taken.items() if result.unresolved}
    assert found == UNRESOLVED


def test_nothing_but_faulty_envelopes_is_flagged(taken: dict[str, TakenIn]) -> None:
    flags = {
        name: {flag for event in events_of(result) for flag in event.flags} for name, result in taken.items()
    }
    assert {name: found for name, found in flags.items() if found} == FLAGGED
