"""The body of an answer: bounded before and after it is expanded."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import tracemalloc
import zlib

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.carrier_api.bodies import body_of
from connectors.carrier_api.response import NoResponse
from streams.polling.schedule import Answer
from tests.support.answers import Parts

MOST = 100_000


def read(stream: Parts, encoding: str | None = None, most: int = MOST) -> bytes:
    told = {} if encoding is None else {"Content-Encoding": encoding}
    return asyncio.run(body_of(httpx.Response(200, headers=told, stream=stream), most))


def refused(stream: Parts, encoding: str | None = None) -> NoResponse:
    with pytest.raises(NoResponse) as raised:
        read(stream, encoding)
    return raised.value


def bare_deflate(body: bytes) -> bytes:
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packing.compress(body) + packing.flush()


@given(body=st.binary(max_size=2_000), cuts=st.lists(st.integers(0, 2_000)))
@pytest.mark.parametrize(("encoding", "pack"), [
    ("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", bare_deflate),
    ("identity", bytes), (None, bytes),
])
def test_it_is_what_was_sent_however_it_is_packed_and_cut(
    encoding: str | None, pack: object, body: bytes, cuts: list[int]
) -> None:
    packed = pack(body)  # type: ignore[operator]
    ends = [0, *sorted(cuts), len(packed)]
    assert read(Parts([packed[a:b] for a, b in itertools.pairwise(ends)]), encoding) == body


def test_a_bomb_is_not_expanded() -> None:
    bomb = gzip.compress(b"0" * 200_000_000, 6)
    tracemalloc.start()
    try:
        told = refused(Parts([bomb[place:place + 65_536] for place in range(0, len(bomb), 65_536)]), "gzip")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (told.answer, told.detail) == (Answer.UNAVAILABLE, "an answer of more than 100000 bytes")
    assert peak < 2_000_000


def test_a_small_bomb_is_not_expanded_either() -> None:
    assert refused(Parts([gzip.compress(b"0" * 50_000_000)]), "gzip").detail == "an answer of more than 100000 bytes"


def test_a_body_without_end_is_read_no_further_than_the_limit() -> None:
    stream = Parts(itertools.repeat(b"0" * 10_000))
    assert "more than" in refused(stream).detail
    assert stream.sent == 11


def test_exactly_the_limit_is_taken() -> None:
    assert len(read(Parts([b"0" * MOST]))) == MOST
    assert len(read(Parts([gzip.compress(b"0" * MOST)]), "gzip")) == MOST


def test_one_cut_short_is_no_answer() -> None:
    assert refused(Parts([gzip.compress(b"some words")[:-9]]), "gzip").answer is Answer.TRUNCATED


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "x" * 500])
def test_an_encoding_that_was_not_asked_for_is_refused(encoding: str) -> None:
    told = refused(Parts([b"x"]), encoding)
    assert told.answer is Answer.UNAVAILABLE
    assert len(told.detail) < 120


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_what_cannot_be_expanded_is_no_answer(encoding: str) -> None:
    assert "cannot be expanded" in refused(Parts([b"plain"]), encoding).detail


def test_no_body_needs_no_expanding() -> None:
    assert read(Parts([]), "gzip") == b""
