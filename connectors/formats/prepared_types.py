"""Has msgspec prepare a type in one thread before others read by it.

msgspec 0.22 prepares a Struct where it is first read, in Python code that another thread may interrupt. That thread
finds the Struct half prepared, follows a pointer that is not set yet, and the process ends. A module's own decoder is
prepared while the module is imported, which one thread does.
"""

from __future__ import annotations

from threading import RLock
from typing import Any, TypeVar

from msgspec import msgpack

T = TypeVar("T")
_one_at_a_time = RLock()
_prepared = set[Any]()


def prepared(kind: type[T]) -> type[T]:
    """The same type, which any thread may decode or convert by now."""
    if kind not in _prepared:
        with _one_at_a_time:
            msgpack.Decoder(kind)
            _prepared.add(kind)
    return kind
