"""Avro binary <-> Structs, compiled once per contract from its ``.avsc``.

``compile_writer`` and ``compile_reader`` turn a schema and the Struct that mirrors it into one flat Python function
each, so that no schema is walked for a record. A reader's Struct may have fewer fields than the schema; the others are
skipped, but must be complete. The bytes are plain Avro 1.11 binary encoding (specification, "Binary Encoding"); tests
hold them equal to fastavro's on generated data. Supported are the types that the contracts use: records, enums,
strings, bytes, ints and longs, doubles, booleans, arrays, and unions of null with one other type. Logical types stay
numbers (timestamp-millis: UTC ms).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import cache
from struct import error as StructError
from typing import Any, get_args, get_type_hints

from streams.avro_codec.binary import (
    DOUBLE,
    FIRST_TIME,
    LAST_TIME,
    LENGTHS,
    MEDIUM,
    MORE,
    SHORT,
    STARTS,
    STEPS,
    VARINTS,
    nullable,
    read_long,
    read_slice,
    read_time,
    write_long,
    write_string,
)
from streams.kernel.errors import Reject
from streams.kernel.memo import Memory
from streams.kernel.vocabulary import RejectReason

Schema = Any
Writer = Callable[[Any], bytes]
Reader = Callable[[bytes, int], Any]

_SELDOM_REPEATED = frozenset({
    "event_id", "tracking_number", "correlation_id", "update_id", "milestone_id", "posting_id", "alert_id",
    "order_id", "delivery_id", "value", "detail", "message", "subject", "signed_by", "piece", "corrects",
    "document_url", "path", "carrier_event_id", "same_as", "dwell_id", "interchange_id", "about", "control",
})
"""Text fields that are not cached: their values seldom repeat."""
_OFTEN_REPEATED = frozenset({
    "estimated_delivery_at", "estimated_delivery_from", "promised_delivery_at", "slip_ms", "slip_from_promise_ms",
    "utc_offset_minutes", "location",
})
"""Nullable fields other than texts that are cached: days, zones, places."""


class _Source:
    """Lines of a function under construction, and the constants it refers to."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.constants: dict[str, Any] = {}
        self._names = 0

    def name(self, stem: str) -> str:
        self._names += 1
        return f"{stem}{self._names}"

    def constant(self, stem: str, value: Any) -> str:
        name = self.name(f"_{stem}")
        self.constants[name] = value
        return name

    def add(self, depth: int, line: str) -> None:
        self.lines.append("    " * depth + line)

    def build(self, signature: str) -> Any:
        code = "\n".join([f"def compiled({signature}):", *self.lines])
        scope: dict[str, Any] = {
            "_LENGTHS": LENGTHS, "_SHORT": SHORT, "_long": write_long,
            "_read_long": read_long, "_read_time": read_time, "_slice": read_slice, "_D": DOUBLE,
            "_MORE": MORE, "_VARINTS": VARINTS, "_STEPS": STEPS, "_FIRST": FIRST_TIME, "_LAST": LAST_TIME,
            "_MEDIUM": MEDIUM, "_STARTS": STARTS,
            **self.constants,
        }
        exec(compile(code, "<avro>", "exec"), scope)
        return scope["compiled"]


def _kind(schema: Schema, named: dict[str, Schema]) -> tuple[str, Schema]:
    """The Avro type's name and its full schema; named types seen before are looked up."""
    if isinstance(schema, list):
        return "union", schema
    if isinstance(schema, str):
        return _kind(named[schema], named) if schema in named else (schema, schema)
    kind = schema["type"]
    if isinstance(kind, (dict, list)):
        return _kind(kind, named)
    if kind in ("record", "enum"):
        named[schema["name"]] = schema
    return kind, schema


def _nullable(union: list[Schema]) -> Schema:
    if len(union) != 2 or union[0] != "null":
        raise TypeError(f"only unions of null with one type are supported, not {union}")
    return union[1]


@cache
def _field_types(struct: type) -> dict[str, Any]:
    return get_type_hints(struct)


def _member_type(hint: Any) -> Any:
    """The Struct or enum inside ``X | None``, ``list[X]`` or ``X | bytes``."""
    for part in get_args(hint):
        if isinstance(part, type) and part not in (type(None), bytes):
            return part
    return hint


def _members(symbols: list[str], hint: Any) -> list[str]:
    """The symbols as members of the Struct's enum, where it has one."""
    enum = _member_type(hint)
    return [enum(symbol) for symbol in symbols] if isinstance(enum, type) and issubclass(enum, StrEnum) else symbols


class _WriterCompiler:
    def __init__(self, named: dict[str, Schema]) -> None:
        self.source = _Source()
        self.named = named
        self._texts = self.source.constant("texts", Memory(write_string))
        self._optional_texts = self.source.constant("texts", nullable(write_string))
        self._optional_numbers = self.source.constant("numbers", nullable(write_long))

    def record(self, schema: Schema, hint: type, variable: str, depth: int) -> str:
        """Emit the statements for ``variable``; returns the comma-separated parts to join."""
        types = _field_types(hint)
        parts = []
        for field in schema["fields"]:
            name, kind = field["name"], field["type"]
            if kind == "string" and name not in _SELDOM_REPEATED:
                parts.append(f"{self._texts}[{variable}.{name}]")
            elif kind == ["null", "string"] and name not in _SELDOM_REPEATED:
                parts.append(f"{self._optional_texts}[{variable}.{name}]")
            elif name in _OFTEN_REPEATED:
                parts.append(f"{self._memory(_nullable(kind), types[name])}[{variable}.{name}]")
            else:
                parts.append(self.value(kind, types[name], f"{variable}.{name}", depth))
        return ", ".join(parts)

    def value(self, schema: Schema, hint: Any, expression: str, depth: int) -> str:
        kind, full = _kind(schema, self.named)
        if kind in ("string", "bytes"):
            data = expression + (".encode()" if kind == "string" else "")
            text, length = self.source.name("t"), self.source.name("n")
            return f"(_LENGTHS[{length}] if ({length} := len({text} := {data})) < _SHORT else _long({length})), {text}"
        if kind in ("int", "long"):
            return self._number(full, expression)
        if kind == "boolean":
            return f"(b'\\x01' if {expression} else b'\\x00')"
        if kind == "double":
            return f"_D.pack({expression})"
        if kind == "enum":
            symbols = {member: write_long(index) for index, member in enumerate(_members(full["symbols"], hint))}
            return f"{self.source.constant('enum', symbols)}[{expression}]"
        if kind == "union":
            return self._optional(_nullable(full), hint, expression, depth)
        return self._compound(kind, full, hint, expression, depth)

    def _optional(self, schema: Schema, hint: Any, expression: str, depth: int) -> str:
        """A value of ``schema``, or null."""
        kind, full = _kind(schema, self.named)
        item = self.source.name("v")
        if kind == "double":
            return f"(b'\\x00' if ({item} := {expression}) is None else b'\\x02' + _D.pack({item}))"
        if kind in ("int", "long"):
            return f"(b'\\x00' if ({item} := {expression}) is None else b'\\x02' + {self._number(full, item)})"
        add, out = self.source.add, self.source.name("b")
        add(depth, f"{item} = {expression}")
        add(depth, f"if {item} is None: {out} = b'\\x00'")
        add(depth, "else:")
        parts = self.value(full, _member_type(hint), item, depth + 1)
        add(depth + 1, f"{out} = b''.join((b'\\x02', {parts}))")
        return out

    def _memory(self, schema: Schema, hint: Any) -> str:
        """A cache of the encoded form of nullable numbers and of immutable records."""
        kind, full = _kind(schema, self.named)
        if kind != "record":
            return self._optional_numbers
        write = _WriterCompiler(self.named).function(full, _member_type(hint), b"")
        return self.source.constant("records", nullable(write))

    def function(self, schema: Schema, struct: type, frame: bytes) -> Writer:
        """The function once compiled."""
        parts = self.record(schema, struct, "o", 1)
        self.source.add(1, f"return b''.join(({frame!r}, {parts},))")
        writer: Writer = self.source.build("o")
        return writer

    def _number(self, full: Schema, expression: str) -> str:
        number = self.source.name("n")
        if isinstance(full, dict) and full.get("logicalType") == "timestamp-millis":
            rest = self.source.name("n")
            return (
                f"(_STARTS[{number} & 0x1FFF] + _MORE[({rest} := {number} >> 13) & 0x3FFF] + _VARINTS[{rest} >> 14]"
                f" if _FIRST <= ({number} := {expression}) < _LAST else _long({number}))"
            )
        return (
            f"(_LENGTHS[{number}] if 0 <= ({number} := {expression}) < _SHORT else"
            f" _STARTS[{number} & 0x1FFF] + _VARINTS[{number} >> 13] if 0 < {number} < _MEDIUM else _long({number}))"
        )

    def _compound(self, kind: str, full: Schema, hint: Any, expression: str, depth: int) -> str:
        """Emit the statements for a value of several parts; returns the parts, or the name they were joined under."""
        add, item, out = self.source.add, self.source.name("v"), self.source.name("b")
        add(depth, f"{item} = {expression}")
        if kind == "array":
            add(depth, f"if not {item}: {out} = b'\\x00'")
            add(depth, "else:")
            each, blocks = self.source.name("i"), self.source.name("l")
            count = self.source.name("n")
            add(depth + 1, f"{blocks} = [_LENGTHS[{count}] if ({count} := len({item})) < _SHORT else _long({count})]")
            add(depth + 1, f"for {each} in {item}:")
            parts = self.value(full["items"], _member_type(hint), each, depth + 2)
            add(depth + 2, f"{blocks} += ({parts},)")
            add(depth + 1, f"{blocks}.append(b'\\x00'); {out} = b''.join({blocks})")
        elif kind == "record":
            struct = _member_type(hint) if get_args(hint) else hint
            if bytes not in get_args(hint):
                return self.record(full, struct, item, depth)
            add(depth, f"if type({item}) is bytes: {out} = {item}")
            add(depth, "else:")
            parts = self.record(full, struct, item, depth + 1)
            add(depth + 1, f"{out} = b''.join(({parts},))")
        else:
            raise TypeError(f"Avro type {kind!r} is not supported")
        return out


class _ReaderCompiler:
    def __init__(self) -> None:
        self.source = _Source()
        self.named: dict[str, Schema] = {}
        self._texts = self.source.constant("texts", Memory(bytes.decode))

    def record(self, schema: Schema, struct: type, depth: int) -> str:
        types = _field_types(struct)
        values = {}
        for field in schema["fields"]:
            name = field["name"]
            if name in types:
                values[name] = self.value(field["type"], types[name], depth, remembered=name not in _SELDOM_REPEATED)
            else:
                self.skip(field["type"], depth)
        target = self.source.name("r")
        given = [values[name] for name in types]
        self.source.add(depth, f"{target} = {self.source.constant('struct', struct)}({', '.join(given)})")
        return target

    def skip(self, schema: Schema, depth: int) -> None:
        """Emit the statements that skip one value."""
        kind, full = _kind(schema, self.named)
        add = self.source.add
        if kind in ("string", "bytes"):
            add(depth, "n = d[p]")
            add(depth, "if n < 128: p += _STEPS[n]")
            add(depth, "else: _, p = _slice(d, p)")
        elif kind in ("int", "long"):
            add(depth, "while d[p] > 127: p += 1")
            add(depth, "p += 1")
        elif kind in ("boolean", "enum"):
            add(depth, "p += 1")
        elif kind == "double":
            add(depth, "p += 8")
        elif kind == "union":
            add(depth, "n = d[p]; p += 1")
            add(depth, "if n == 2:")
            self.skip(_nullable(full), depth + 1)
            add(depth, "elif n: raise ValueError('a union branch beyond the schema')")
        elif kind == "record":
            for field in full["fields"]:
                self.skip(field["type"], depth)
        elif kind == "array":
            self._blocks(depth, lambda: self.skip(full["items"], depth + 2))
        else:
            raise TypeError(f"Avro type {kind!r} is not supported")

    def value(self, schema: Schema, hint: Any, depth: int, *, remembered: bool = True) -> str:
        kind, full = _kind(schema, self.named)
        add, out = self.source.add, self.source.name("v")
        if kind in ("string", "bytes"):
            add(depth, "n = d[p]")
            add(depth, "if n < 128: s = p + 1; p += _STEPS[n]")
            add(depth, "else: s, p = _slice(d, p)")
            if kind == "bytes":
                add(depth, f"{out} = d[s:p]")
            else:
                add(depth, f"{out} = {self._texts}[d[s:p]]" if remembered else f"{out} = d[s:p].decode()")
        elif kind in ("int", "long"):
            timed = isinstance(full, dict) and full.get("logicalType") == "timestamp-millis"
            add(depth, f"{out}, p = {'_read_time' if timed else '_read_long'}(d, p)")
        elif kind == "boolean":
            add(depth, f"{out} = {self.source.constant('bool', {0: False, 1: True})}[d[p]]; p += 1")
        elif kind == "double":
            add(depth, f"{out}, = _D.unpack_from(d, p); p += 8")
        elif kind == "enum":
            if len(full["symbols"]) > 64:
                raise TypeError("enums of more than 64 symbols are not supported")
            members = {index << 1: member for index, member in enumerate(_members(full["symbols"], hint))}
            add(depth, f"{out} = {self.source.constant('enum', members)}[d[p]]; p += 1")
        elif kind == "union":
            add(depth, "n = d[p]; p += 1")
            add(depth, f"if n == 0: {out} = None")
            add(depth, "elif n == 2:")
            inner = self.value(_nullable(full), _member_type(hint), depth + 1, remembered=remembered)
            add(depth + 1, f"{out} = {inner}")
            add(depth, "else: raise ValueError('a union branch beyond the schema')")
        elif kind == "array":
            self._array(full, hint, out, depth)
        elif kind == "record":
            return self.record(full, _member_type(hint) if get_args(hint) else hint, depth)
        else:
            raise TypeError(f"Avro type {kind!r} is not supported")
        return out

    def _array(self, full: Schema, hint: Any, out: str, depth: int) -> None:
        def item() -> None:
            value = self.value(full["items"], _member_type(hint), depth + 2)
            self.source.add(depth + 2, f"{out}.append({value})")

        self.source.add(depth, f"{out} = []")
        self._blocks(depth, item)

    def _blocks(self, depth: int, item: Callable[[], None]) -> None:
        """Emit the loop over an array's blocks; ``item`` emits the statements for each item, indented by two more."""
        add, count = self.source.add, self.source.name("c")
        add(depth, f"if d[p] == 0: p += 1; {count} = 0")
        add(depth, f"else: {count}, p = _read_long(d, p)")
        add(depth, f"while {count}:")
        add(depth + 1, f"if {count} < 0: {count} = -{count}; _, p = _read_long(d, p)")
        add(depth + 1, f"if {count} > len(d) - p: raise ValueError('an array beyond the end')")
        add(depth + 1, f"for _ in range({count}):")
        item()
        add(depth + 1, f"{count}, p = _read_long(d, p)")


def compile_writer(schema: Schema, struct: type, frame: bytes = b"") -> Writer:
    """A function from one ``struct`` to its Avro binary, ``frame`` before it.

    A field declared ``X | bytes`` may hold an encoded record, which is written unchanged.

    The function raises AttributeError, TypeError, KeyError or UnicodeEncodeError for a value that does not
    fit its contract.
    """
    compiler = _WriterCompiler({})
    _kind(schema, compiler.named)
    return compiler.function(schema, struct, frame)


def compile_reader(schema: Schema, struct: type) -> Reader:
    """A function from (bytes, start) to one ``struct``; the record must end where the bytes end.

    The function raises Reject with ``truncated`` or ``trailing_bytes``; it never reads past the end.
    """
    compiler = _ReaderCompiler()
    _kind(schema, compiler.named)
    result = compiler.record(schema, struct, 1)
    compiler.source.add(1, f"return {result}, p")
    read = compiler.source.build("d, p")

    def checked(data: bytes, start: int = 0) -> Any:
        try:
            value, end = read(data, start)
        except (IndexError, KeyError, ValueError, StructError, TypeError) as error:
            raise Reject(RejectReason.TRUNCATED, f"not a whole {struct.__name__}: {error!r}") from error
        if end == len(data):
            return value
        if end > len(data):
            raise Reject(RejectReason.TRUNCATED, f"a {struct.__name__} cut short: {len(data)} of {end} bytes")
        raise Reject(
            RejectReason.TRAILING_BYTES, f"{len(data) - end} bytes behind the end of a {struct.__name__}"
        )

    return checked
