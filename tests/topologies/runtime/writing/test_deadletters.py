"""Dead letters: the record whole, why and where from in headers Connect's tools read, and an index card."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from config import headers
from config.apps import INTAKE
from config.topics import DEAD_LETTERS
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import DeadLetter
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason
from tests.support.records import FakeRecord
from tests.support.registry import fake_registry
from topologies.runtime.handler import Refused
from topologies.runtime.writing.deadletters import card, cards, letters

NOW = 1_700_000_000_000
ROOM = 10_000_000
REASON = next(iter(RejectReason))
CARDS = ValueCodec(DEAD_LETTERS, DeadLetter, fake_registry())


def refused(record: FakeRecord, path: str | None = None) -> Refused:
    return Refused(record, Reject(REASON, "no such day", path))


def test_the_record_is_kept_byte_for_byte_with_its_own_headers() -> None:
    own = [("feed", b"acme"), ("x", b"\xfe")]
    record = FakeRecord("raw.acme.v1", 3, 42, key=None, value=b"\xff\x00<", headers=own)
    [letter] = letters(INTAKE, [refused(record)], NOW, ROOM)
    assert (letter.topic, letter.key, letter.value) == ("dlq.intake.v1", None, b"\xff\x00<")
    assert list(letter.headers)[:2] == own


def test_the_headers_say_why_and_where_from_in_connects_names() -> None:
    [letter] = letters(INTAKE, [refused(FakeRecord("raw.acme.v1", 3, 42), "events[0].date")], NOW, ROOM)
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
    [letter] = letters(INTAKE, [one], NOW, ROOM)
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
    [letter] = letters(INTAKE, [one], NOW, ROOM)
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
    [letter] = letters(INTAKE, [one], NOW, ROOM)
    assert letter.value == record.value
    added = [(name, value) for name, value in letter.headers if (name, value) not in endless]
    assert sum(len(name) + len(value) for name, value in added) < 5_000
    index = card(INTAKE, one, NOW)
    assert sum(len(text or "") for text in (index.detail, index.path, index.correlation_id)) <= 3_000


ANY_NAME = st.one_of(
    st.text(st.characters(), max_size=20),
    st.sampled_from([headers.ATTEMPT, headers.FIRST_FAILED_AT, headers.FEED, headers.CORRELATION_ID, headers.REASON]),
)
ANY_BYTES = st.one_of(
    st.binary(max_size=40), st.sampled_from([b"9" * 5_000, b"\xb2", b"-1", b"\x00", b"1" * 15, b"1" * 16]),
)


@given(
    key=st.none() | ANY_BYTES, value=st.none() | ANY_BYTES, own=st.lists(st.tuples(ANY_NAME, ANY_BYTES), max_size=6),
    detail=st.text(st.characters(), max_size=3_000), path=st.none() | st.text(st.characters(), max_size=900),
    room=st.integers(0, 20_000), timestamp=st.integers(-(2**63), 2**63 - 1),
)
def test_nothing_in_a_record_keeps_it_from_being_parked(
    key: bytes | None, value: bytes | None, own: list[tuple[str, bytes]], detail: str, path: str | None, room: int,
    timestamp: int,
) -> None:
    record = FakeRecord("raw.acme.v1", 3, 42, timestamp, key, value, own)
    one = Refused(record, Reject(REASON, detail, path))
    [letter] = letters(INTAKE, [one], NOW, room)
    told = dict(letter.headers)
    for name, header in letter.headers:
        assert name.encode().decode() == name
        assert isinstance(header, bytes)
    assert (told[headers.ERROR_TOPIC], told[headers.ERROR_PARTITION], told[headers.ERROR_OFFSET]) == (
        b"raw.acme.v1", b"3", b"42"
    )
    if headers.CUT not in told:
        assert (letter.key, letter.value) == (key, value)
    encoded = CARDS.encode(card(INTAKE, one, NOW))
    assert CARDS.decode(encoded).origin_offset == 42


def test_a_number_of_more_digits_than_python_reads_counts_as_none() -> None:
    one = refused(FakeRecord("raw.acme.v1", 0, 7, headers=[(headers.ATTEMPT, b"9" * 5_000)]))
    [letter] = letters(INTAKE, [one], NOW, ROOM)
    assert dict(letter.headers)[headers.ATTEMPT] == b"1"


def test_a_record_too_large_for_its_topic_is_parked_without_what_does_not_fit_and_says_so() -> None:
    record = FakeRecord("raw.acme.v1", 3, 42, key=b"k" * 9_000, value=b"v" * 9_000, headers=[("x", b"h" * 9_000)])
    found = {
        room: letters(INTAKE, [refused(record)], NOW, room)[0] for room in (40_000, 25_000, 15_000, 5_000)
    }
    kept = {
        room: (one.key is not None, one.value is not None, "x" in dict(one.headers)) for room, one in found.items()
    }
    assert kept == {
        40_000: (True, True, True), 25_000: (True, False, True), 15_000: (True, False, False),
        5_000: (False, False, False),
    }
    assert dict(found[25_000].headers)[headers.CUT] == b"value (9000 bytes)"
    assert dict(found[5_000].headers)[headers.CUT].startswith(b"value (9000 bytes), headers (")
