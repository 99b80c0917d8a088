"""Master data is keyed by what it is about."""

from __future__ import annotations

from streams.contracts.masterdata import master_key
from streams.kernel.vocabulary import MasterKind


def test_a_record_is_keyed_by_kind_and_id() -> None:
    assert master_key(MasterKind.REFERENCE, "bol:B1") == "reference:bol:B1"
