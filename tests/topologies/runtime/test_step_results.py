"""A step's refusals and changed records, as the runner takes them."""

from __future__ import annotations

from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason
from tests.support.records import FakeRecord
from topologies.runtime.handler import Change
from topologies.runtime.step_results import changes_of, refusals


def test_a_refusal_leads_back_to_the_record_at_its_place() -> None:
    records = [FakeRecord("orders", 0, offset) for offset in (7, 9)]
    reject = Reject(RejectReason.EMPTY, "nothing in it")
    [refused] = refusals(records, [(1, reject)])
    assert (refused.record.offset, refused.reject) == (9, reject)


def test_a_changed_record_is_stored_and_sent_alike_and_none_deletes_it() -> None:
    changes = changes_of({"a": "new", "b": None}, str.encode)
    assert changes == {b"a": Change(b"new", b"new"), b"b": Change(None, None)}
