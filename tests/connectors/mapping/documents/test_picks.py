"""A warehouse's CSV confirms deliveries row by row; a row that is wrong costs itself alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.carriers import CarrierFileError, discover
from streams.contracts.warehouse import WmsConfirmation, WmsLine, WmsParcel
from streams.intake.adapter import Adapter, RawContext

NOON = 1_790_000_000_000
CONTEXT = RawContext("wh1", "file", "raw.wh1.v1", 0, 0, NOON, "c")
FILE = """
feed: wh1_picks
name: Warehouse 1
carrier: wh1
formats: [csv]
channel: file
zone: Europe/Berlin
cadence: {expect_every: 2h, stale_after: 12h}
source: the warehouse's own layout
picks: {warehouse: WH1, quantity: done}
"""


def adapter(home: Path, text: str = FILE) -> Adapter:
    folder = home / "wh1_picks"
    folder.mkdir()
    (folder / "carrier.yaml").write_text(text, "utf-8")
    return next(one.adapter for one in discover(own=home) if one.feed == "wh1_picks")


def test_each_row_confirms_a_line(tmp_path: Path) -> None:
    parsed = adapter(tmp_path).parse(
        b"confirmation,delivery,line,done,ordered,kind,sku,at,parcel,weight_kg\n"
        b"W-1,80001,10,5,5,packed,A-1,2026-09-21T12:00:00,P1,12.5\n"
        b"W-2,80001,20,2,3,short,A-2,2026-09-21T12:00:00Z,,\n", CONTEXT,
    )
    assert parsed.rejects == []
    assert parsed.confirmations == [
        WmsConfirmation(
            "W-1/10", "80001", None, "WH1", "packed", 1_789_984_800_000, None, [],
            [WmsLine("10", "A-1", 5.0, 5.0, None, None)], [WmsParcel("P1", 12.5)],
        ),
        WmsConfirmation(
            "W-2/20", "80001", None, "WH1", "short", 1_789_992_000_000, None, [],
            [WmsLine("20", "A-2", 3.0, 2.0, None, None)],
        ),
    ]


def test_a_wrong_row_costs_itself_alone_and_says_why(tmp_path: Path) -> None:
    parsed = adapter(tmp_path).parse(
        b"confirmation,delivery,line,done,kind,at\nW-1,80001,10,5,,\nW-2,,10,5,,\nW-3,80001,10,-5,,\n"
        b"W-4,80001,10,5,eaten,\nW-5,80001,10,5,,noon\n", CONTEXT,
    )
    [told] = parsed.confirmations
    assert (told.confirmation_id, told.kind, told.confirmed_at) == ("W-1/10", "packed", NOON)
    words = " ".join(one.detail for one in parsed.rejects)
    for part in ("line 3: delivery is empty", "(and 2 more like it)", "line 6: 'noon' is no time"):
        assert part in words


@pytest.mark.parametrize(("row", "words"), [
    (b"W-3,80001,10,-5,", "'-5' is no quantity"), (b"W-4,80001,10,5,eaten", "'eaten' is none of picked, packed"),
])
def test_a_quantity_and_a_kind_are_checked(tmp_path: Path, row: bytes, words: str) -> None:
    [reject] = adapter(tmp_path).parse(b"confirmation,delivery,line,done,kind\n" + row + b"\n", CONTEXT).rejects
    assert words in reject.detail


def test_picks_go_with_a_table_alone(tmp_path: Path) -> None:
    with pytest.raises(CarrierFileError, match=r"picks: goes with formats \[csv\]"):
        adapter(tmp_path, FILE.replace("[csv]", "[json]"))
