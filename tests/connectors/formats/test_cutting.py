"""Big files become records below a size, in constant memory, with nothing lost and nothing told twice."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.formats import line_cutting, x12, x12_cutting
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason
from tests.support.x12_files import ISA, interchange, numbers, read


def cut(body: bytes, most: int = 1_000) -> list[bytes]:
    return list(x12_cutting.split(io.BytesIO(body), most))


def test_interchanges_that_fit_stay_as_they_are() -> None:
    first, second = interchange(1, 2), interchange(2, 1).replace(b"~", b"'").replace(b"*", b"|")
    assert [piece.strip() for piece in cut(b"\xef\xbb\xbf" + first + b"\r\n\r\n" + second)] == [first, second]


@pytest.mark.parametrize(("sets", "groups"), [(40, 1), (12, 5), (1, 30)])
def test_a_large_one_becomes_several_with_right_envelopes(sets: int, groups: int) -> None:
    body = interchange(7, sets, groups)
    pieces = cut(body)
    assert len(pieces) > 3
    assert max(map(len, pieces)) < 1_700
    assert numbers(read(pieces)) == numbers(x12.read(body)[0])
    assert {flag for one in read(pieces) for flag in one.flags} == set()


def test_what_the_partner_miscounted_is_still_miscounted() -> None:
    flags = [one.flags for one in read(cut(interchange(7, 40, off=3)))]
    assert flags[-1] == ["envelope_counts_wrong"]
    assert flags[0] == []


@given(
    sizes=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 3)), min_size=1, max_size=4),
    most=st.integers(150, 3_000), end=st.sampled_from(["", "\n", "\r\n"]),
)
def test_nothing_is_lost_and_nothing_told_twice(sizes: list[tuple[int, int]], most: int, end: str) -> None:
    body = end.encode().join(interchange(n, sets, groups, end) for n, (sets, groups) in enumerate(sizes))
    told = [piece for piece in cut(body, most) if b"ST*214" in piece]
    whole = x12.read(body)[0] if b"ST*214" in body else []
    assert numbers(read(told)) == numbers(whole)


class Endless(io.RawIOBase):
    """A file of a given size that is never held anywhere."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._held = blocks, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while len(self._held) < size:
            block = next(self._blocks, b"")
            if not block:
                break
            self._held += block
        out, self._held = self._held[:size], self._held[size:]
        return out


def test_memory_does_not_grow_with_the_file() -> None:
    one_set = b"ST*214*0001~B10*PRO1*SH*ABCD~AT7*D1*NS***20260918*0915~SE*4*0001~" * 1_000

    def blocks() -> Iterator[bytes]:
        yield ISA.format(1).encode() + b"GS*QM*PART*SHIP*20260918*1030*1*X*004010~"
        for _ in range(120):
            yield one_set
        yield b"GE*120000*1~IEA*1*000000001~"

    tracemalloc.start()
    size = pieces = 0
    for piece in x12_cutting.split(Endless(blocks()), 256 * 1024):  # type: ignore[arg-type]
        size, pieces = size + len(piece), pieces + 1
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 7_800_000
    assert pieces > 25
    assert peak < 3_800_000


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"hello there, this is no interchange at all", RejectReason.MALFORMED),
        (ISA.format(1).encode() + b"x" * 5_000, RejectReason.TOO_LARGE),
        (ISA.format(1).encode() + b"ST*214*1~" + b"B10*A*B~" * 1_000, RejectReason.TOO_LARGE),
    ],
)
def test_a_file_that_cannot_be_cut_is_refused(body: bytes, reason: RejectReason) -> None:
    with pytest.raises(Reject) as refused:
        cut(body)
    assert refused.value.reason is reason


def test_an_empty_file_has_no_piece() -> None:
    assert cut(b" \r\n") == []


LINES = st.lists(st.binary(max_size=20).map(lambda raw: raw.replace(b"\n", b"") + b"\n"), max_size=40)


@given(lines=LINES, most=st.integers(21, 100))
def test_lines_stay_whole_and_in_order(lines: list[bytes], most: int) -> None:
    pieces = list(line_cutting.split(io.BytesIO(b"".join(lines)), most, with_header=False))
    assert b"".join(pieces) == b"".join(lines)
    assert all(len(piece) <= most for piece in pieces)
    assert all(piece.endswith(b"\n") for piece in pieces)


def test_the_header_of_a_table_stands_before_each_piece() -> None:
    pieces = list(line_cutting.split(io.BytesIO(b"PRO,Code\nA1,D\nA2,D\nA3,D"), 20, with_header=True))
    assert pieces == [b"PRO,Code\nA1,D\nA2,D\n", b"PRO,Code\nA3,D"]


def test_a_line_that_is_too_long_is_refused() -> None:
    with pytest.raises(Reject) as refused:
        list(line_cutting.split(io.BytesIO(b"a\n" + b"x" * 50), 20, with_header=False))
    assert refused.value.reason is RejectReason.TOO_LARGE
