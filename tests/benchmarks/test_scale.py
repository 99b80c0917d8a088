"""The benchmarks of the state measure what they say, here on a few shipments."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import recovery, restores, scale, sections, standing
from config import topics
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import ShipmentState
from streams.kernel.vocabulary import Status
from streams.shipments.record import decode
from tests.support.registry import fake_registry

NOW = 1_790_000_000_000


def test_a_standing_shipment_is_open_ordered_promised_and_due() -> None:
    like = standing.patterns(NOW)
    one, other = standing.shipment(1, like), standing.shipment(2, like)
    assert (one.view.status, len(one.facts.history), len(one.orders)) == (Status.IN_TRANSIT, 2, 1)
    assert one.orders[0].promised_delivery_at is not None
    assert one.view.estimated_delivery_at is not None
    assert one.tracking_number != other.tracking_number
    assert one.facts.seen != other.facts.seen
    assert NOW - 49 * standing.HOUR_MS < (one.view.last_received_at or 0) <= NOW


def test_its_state_is_that_of_the_stage() -> None:
    registry = fake_registry()
    states = ValueCodec(topics.SHIPMENT_STATE, ShipmentState, registry)
    for one in standing.shipments(3, registry, NOW):
        assert states.decode(one.value).record == one.record
        assert decode(one.record).tracking_number.encode() in one.key


def test_a_workers_log_tells_how_long_each_partition_took() -> None:
    line = json.dumps({"event": "some.topic[2] restored: 1249191 records in 4.5 s", "at": "2026-01-01T00:00:10Z"})
    [(begin, end, records)] = restores.read(f"{line}\nno restore\n")
    assert (end - begin, records) == (4.5, 1_249_191)


def test_a_section_takes_the_place_of_its_own_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    for title, line in (("Scale", "old"), ("Recovery", "kept"), ("Scale", "new")):
        sections.put(title, "a command", [line], page)
    text = page.read_text("utf-8")
    assert text.index("## Recovery") < text.index("## Scale")
    assert ("old" in text, "kept" in text, "new" in text) == (False, True, True)


def test_a_page_written_anew_keeps_the_sections_of_other_commands(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Old\n\n## Zero\n\nold\n\n## Kept\n\nkept\n")
    sections.rewrite("# New\n\n## Zero\n\nnew\n\n## A\n\na\n", page)
    assert page.read_text() == "# New\n\n## Zero\n\nnew\n\n## A\n\na\n\n## Kept\n\nkept\n"
    sections.put("Later", "a command", ["later"], page)
    assert page.read_text().startswith("# New\n\n## Zero\n\nnew\n\n## A\n\na\n\n## Kept\n\nkept\n\n## Later\n")


def test_a_missed_target_is_reported() -> None:
    slow = restores.Restored(61.0, 10, 9.0)
    told = "\n".join(recovery.lines(recovery.Recovery(10, slow, slow, slow, 100.0)))
    assert told.count("**not met**") == 3
    times = scale.Times(10.0, 20.0, 20.0)
    told = "\n".join(scale.lines(scale.Scale(10, 10, 1.0, 100.0, 1100.0, scale.Times(10.0, 60.0, 20.0), times), 5))
    assert told.count("**not met**") == 2


@pytest.mark.broker
def test_a_worker_has_its_few_shipments_again() -> None:
    found = recovery.measure(400, lambda _: None)
    assert (found.from_nothing.records, found.stopped.records) == (400, 0)
    assert found.peak_mb > 0


@pytest.mark.broker
def test_chunks_are_timed_on_both_states() -> None:
    found = scale.measure(400, 4, lambda _: None)
    assert found.index >= 400
    assert min(*found.full, *found.near_empty, found.peak_mb, found.disk_mb) > 0
