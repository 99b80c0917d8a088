"""Text that tries what text can do to a terminal, and data with it in every field."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar, cast

from msgspec import inspect

from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason

T = TypeVar("T")

SHOWN_AS_IT_STANDS = "[/x] :one: [red]"
FOREIGN = f"{SHOWN_AS_IT_STANDS}\x1b[2J\0\x9b31m\u202e\x7f\nnext line"
"""Markup and an emoji code of rich; clear the screen; NUL; red by a C1 control; right to left; delete; a line break."""
NUMBER = 1_790_000_000_000


def filled(kind: type[T]) -> T:
    """An instance with the foreign text in every text, one item in every list, nothing left out."""
    return cast(T, _of(inspect.type_info(kind)))


def controls(shown: str) -> str:
    """The characters in it that could control a terminal; a line break is none."""
    return "".join(one for one in shown if not one.isprintable() and one != "\n")


def _of(kind: inspect.Type, name: str = "") -> Any:
    match kind:
        case inspect.StrType() | inspect.AnyType():
            return FOREIGN
        case inspect.BoolType():
            return True
        case inspect.IntType():
            return NUMBER if name.endswith("_at") else 60
        case inspect.FloatType():
            return 1.5
        case inspect.BytesType():
            return FOREIGN.encode()
        case inspect.EnumType():
            return list(kind.cls)[-1]
        case inspect.ListType() | inspect.FrozenSetType():
            return [_of(kind.item_type)]
        case inspect.VarTupleType():
            return (_of(kind.item_type),)
        case inspect.TupleType():
            return tuple(_of(one) for one in kind.item_types)
        case inspect.DictType():
            return {_of(kind.key_type): _of(kind.value_type)}
        case inspect.UnionType():
            left_out = inspect.NoneType | inspect.BytesType
            return _of(next(one for one in kind.types if not isinstance(one, left_out)), name)
        case inspect.StructType() | inspect.DataclassType() | inspect.NamedTupleType():
            return kind.cls(**{one.name: _of(one.type, one.name) for one in kind.fields})
        case inspect.CustomType() if issubclass(kind.cls, Path):
            return Path(FOREIGN.replace("\0", ""))
        case inspect.CustomType(cls=cls) if cls is Reject:
            return Reject(RejectReason.MALFORMED, FOREIGN, FOREIGN)
    raise NotImplementedError(f"{kind}: say how it is filled")


class ForeignMessage:
    """A record as confluent-kafka hands it over, with the foreign text wherever there is room. ``headers``: as given,
    each with the foreign text."""

    def __init__(self, *headers: str) -> None:
        self._headers = [(name, FOREIGN.encode()) for name in headers]

    def topic(self) -> str:
        return FOREIGN

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return 7

    def timestamp(self) -> tuple[int, int]:
        return 1, NUMBER

    def key(self) -> bytes:
        return FOREIGN.encode()

    def value(self) -> bytes:
        return FOREIGN.encode()

    def headers(self) -> list[tuple[str, bytes]]:
        return self._headers
