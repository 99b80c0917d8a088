"""Threads that meet a type for the first time at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec

from connectors.formats.prepared_types import prepared

_begun, _second_done = threading.Event(), threading.Event()


class _Slow:
    """Holds up whoever prepares a type that names it, so that another thread comes to read by the type meanwhile."""

    def __class_getitem__(cls, kind: type) -> type:
        _begun.set()
        _second_done.wait(1)
        return kind


class _Inner(msgspec.Struct):
    number: _Slow[int]  # type: ignore[type-arg]


class _Outer(msgspec.Struct):
    inner: _Inner


def _read() -> int:
    read = msgspec.convert({"inner": {"number": 7}}, prepared(_Outer))
    _second_done.set()
    return int(read.inner.number)  # type: ignore[call-overload]


def test_a_thread_waits_for_a_type_that_another_prepares() -> None:
    """Without that msgspec ends the process: it reads by a Struct whose fields are not known yet."""
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(_read)
        assert _begun.wait(60)
        assert threads.submit(_read).result() == first.result() == 7
