"""The sums of what is counted are those of what is known, however it came to be known."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from msgspec import Struct, structs

from connectors.read_store import files
from connectors.read_store.writer import Place, Store
from streams.contracts.model import Alert, ErpPosting, MasterRecord, ShipmentState
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import MasterKind
from streams.read_model import rows
from streams.read_model.project import changes, removals
from streams.read_model.rows import Change
from tests.support.portal_afternoon import afternoon, written_at
from tests.support.read_model_world import DAY, NOON, world

Sums = list[tuple[object, ...]]


def said() -> list[tuple[str, Struct]]:
    fixed = MasterRecord(
        MasterKind.REFERENCE, "po:1", NOON, "ada", carrier="ups", tracking_number="1Z999AA10123456785"
    )
    return [*world(), *afternoon(), ("reference:po:1", fixed)]


def put(records: list[tuple[str, Struct]]) -> list[Change]:
    return [change for key, value in records for change in changes(key, value, written_at(value))]


def sums(file: Path, *batches: list[Change]) -> Sums:
    with closing(Store(file)) as store:
        for one in batches:
            store.apply(one, [], NOON)
    return summed(file)


def summed(file: Path) -> Sums:
    with closing(files.opened(file)) as base:
        return base.execute("SELECT * FROM tallies").fetchall()


@pytest.mark.parametrize("seed", range(3))
def test_repeats_order_and_batches_change_no_sum(tmp_path: Path, seed: int) -> None:
    chance, records = Random(seed), said()
    expected = sums(tmp_path / "1", put(records))
    assert len({one[0] for one in expected}) >= 12
    again = chance.sample(records, 40)
    twice = [*records, *again]
    places = sorted(range(len(twice)), key=lambda _: chance.random())
    # Of one compacted key the last value counts, so its versions stay in their order.
    mixed = _in_order_of_keys([twice[one] for one in places], records)
    cuts = sorted(chance.sample(range(len(mixed)), 9))
    parts = [mixed[start:end] for start, end in zip([0, *cuts], [*cuts, len(mixed)], strict=True)]
    assert sums(tmp_path / "2", *map(put, parts)) == expected


def _in_order_of_keys(mixed: list[tuple[str, Struct]], records: list[tuple[str, Struct]]) -> list[tuple[str, Struct]]:
    last = {(key, type(value)): value for key, value in records if isinstance(value, ShipmentState | Alert)}
    return [(key, last.get((key, type(value)), value)) for key, value in mixed]


def test_a_version_that_is_replaced_leaves_the_sums(tmp_path: Path) -> None:
    records = said()
    earlier = [
        (key, structs.replace(value, carrier="dhl", delivered_at=NOON - 9 * DAY))
        for key, value in records if isinstance(value, ShipmentState)
    ]
    assert sums(tmp_path / "1", put(earlier), put(records)) == sums(tmp_path / "2", put(records))


def test_a_shipment_that_is_forgotten_leaves_the_sums(tmp_path: Path) -> None:
    records = said()
    gone: list[Change] = [
        one for key, value in records if isinstance(value, ShipmentState) for one in removals(ShipmentState, key)
    ]
    assert sums(tmp_path / "1", put(records), gone) == []


def test_an_alert_or_decision_that_is_withdrawn_leaves_the_shipment_untouched_again(tmp_path: Path) -> None:
    records = [one for one in said() if not isinstance(one[1], Alert | MasterRecord)]
    decided = MasterRecord(
        MasterKind.REFERENCE, "po:1", NOON, "ada", carrier="ups", tracking_number="1Z999AA10123456785"
    )
    elsewhere = structs.replace(decided, tracking_number="1ZNONE")
    first, after = put([*records, ("reference:po:1", decided)]), put([("reference:po:1", elsewhere)])
    without = sums(tmp_path / "2", put(records))
    assert sums(tmp_path / "1", first) != without
    assert sums(tmp_path / "1", after) == without


def test_postings_that_are_too_old_leave_the_sums_with_their_rows(tmp_path: Path) -> None:
    records = said()
    file = tmp_path / "1"
    sums(file, put(records))
    with closing(Store(file)) as store:
        assert store.forget(rows.Posting, "told_at", NOON + DAY) > 0
    others = [one for one in records if not isinstance(one[1], ErpPosting)]
    assert summed(file) == sums(tmp_path / "2", put(others))


def test_what_could_not_be_written_is_not_counted(tmp_path: Path) -> None:
    records, file = put(said()), tmp_path / "1"
    with closing(Store(file)) as store:
        with pytest.raises(Fatal):
            store.apply(records, [Place(object(), 0, 0, 0)], NOON)  # type: ignore[arg-type]
        store.apply(records, [], NOON)
    assert summed(file) == sums(tmp_path / "2", records)
