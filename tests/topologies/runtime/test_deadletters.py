"""Dead letters: the record whole, why and where from in headers Connect's tools read, and an index card."""

from __future__ import annotations

from config import headers
from config.topics import INTAKE
from streams.contracts.model import DeadLetter
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason
from tests.support.records import FakeRecord
from topologies.runtime.deadletters import card, cards, letters
from topologies.runtime.handler import Refused

NOW = 1_700_000_000_000
REASON = next(iter(RejectReason))


def refused(record: FakeRecord, path: str | None = None) -> Refused:
    return Refused(record, Reject(REASON, "no such day", path))


def test_the_record_is_kept_byte_for_byte_with_its_own_headers() -> None:
    own = [("feed", b"acme"), ("x", b"\xfe")]
    record = FakeRecord("raw.acme.v1", 3, 42, key=None, value=b"\xff\x00<", headers=own)
    [letter] = letters(INTAKE, [refused(record)], NOW)
    assert (letter.topic, letter.key, letter.value) == ("dlq.intake.v1", None, b"\xff\x00<")
    assert list(letter.headers)[:2] == own


def test_the_headers_say_why_and_where_from_in_connects_names() -> None:
    [letter] = letters(INTAKE, [refused(FakeRecord("raw.acme.v1", 3, 42), "events[0].date")], NOW)
    written = dict(letter.headers)
    assert written["__connect.errors.topic"] == b"raw.acme.v1"
    assert written["__connect.errors.partition"] == b"3"
    assert written["__connect.errors.offset"] == b"42"
    assert written["__connect.errors.exception.class.name"] == b"streams.errors.Reject"
    assert b"no such day" in written["__connect.errors.exception.message"]
    assert written[headers.STEP] == b"intake"
    assert written[headers.REASON] == REASON.value.encode()
    assert written[headers.PATH] == b"events[0].date"
    assert written[headers.ATTEMPT] == b"1"
    assert written[headers.FIRST_FAILED_AT] == b"%d" % NOW


def test_a_letter_that_failed_before_keeps_its_first_failure_and_attempt_once() -> None:
    before = [(headers.FIRST_FAILED_AT, b"1600000000000"), (headers.ATTEMPT, b"4"), (headers.REASON, b"old")]
    one = refused(FakeRecord("raw.acme.v1", 0, 7, headers=before))
    [letter] = letters(INTAKE, [one], NOW)
    names = [name for name, _ in letter.headers]
    assert len(names) == len(set(names))
    written = dict(letter.headers)
    assert written[headers.FIRST_FAILED_AT] == b"1600000000000"
    assert written[headers.ATTEMPT] == b"4"
    assert written[headers.REASON] == REASON.value.encode()
    assert card(INTAKE, one, NOW).failed_at == 1_600_000_000_000


def test_nonsense_in_a_kept_header_counts_as_absent() -> None:
    nonsense = [(headers.ATTEMPT, b"many"), (headers.FEED, b"\xff")]
    one = refused(FakeRecord("raw.acme.v1", 0, 7, headers=nonsense))
    [letter] = letters(INTAKE, [one], NOW)
    assert dict(letter.headers)[headers.ATTEMPT] == b"1"
    assert card(INTAKE, one, NOW).feed == "�"


def test_the_index_card_names_the_origin_and_the_size() -> None:
    told = [("feed", b"acme"), ("correlation-id", b"c-1")]
    record = FakeRecord("raw.acme.v1", 3, 42, value=b"12345", headers=told)
    assert card(INTAKE, refused(record, "a.b"), NOW) == DeadLetter(
        step="intake", reason=REASON.value, detail="no such day", path="a.b", origin_topic="raw.acme.v1",
        origin_partition=3, origin_offset=42, feed="acme", correlation_id="c-1", size=5, failed_at=NOW,
    )


def test_a_tombstone_that_is_refused_has_size_zero() -> None:
    assert card(INTAKE, refused(FakeRecord("raw.acme.v1", 0, 0, value=None)), NOW).size == 0


def test_cards_go_to_their_topic_keyed_by_step() -> None:
    out = cards(INTAKE, [refused(FakeRecord("raw.acme.v1", 0, 0))], NOW, lambda one: one.reason.encode())
    assert out == {"dead.letters.v1": [{"key": b"intake", "value": REASON.value.encode()}]}
    assert cards(INTAKE, [], NOW, lambda _: b"") == {}


def test_what_is_told_of_a_record_is_bounded_and_the_record_is_not() -> None:
    endless = [(headers.CORRELATION_ID, b"c" * 2_000_000)]
    record = FakeRecord("raw.acme.v1", 0, 7, value=b"v" * 3_000_000, headers=endless)
    one = Refused(record, Reject(REASON, "d" * 2_000_000, "p" * 2_000_000))
    [letter] = letters(INTAKE, [one], NOW)
    assert letter.value == record.value
    added = [(name, value) for name, value in letter.headers if (name, value) not in endless]
    assert sum(len(name) + len(value) for name, value in added) < 5_000
    index = card(INTAKE, one, NOW)
    assert sum(len(text or "") for text in (index.detail, index.path, index.correlation_id)) <= 3_000
