"""``avro/``, ``streams/contracts/model.py`` and ``streams/kernel/vocabulary.py`` say the same."""

from __future__ import annotations

import types
import typing
from typing import Any

import fastavro
import msgspec

from config import contracts, topics
from streams.contracts import model
from streams.kernel import vocabulary

NAMES = sorted(path.stem for path in contracts.AVRO_DIR.glob("*.avsc"))
SCALARS = {str: {"string"}, int: {"int", "long"}, float: {"double"}, bool: {"boolean"}, bytes: {"bytes"}}


def named_types(schema: Any, kind: str) -> dict[str, dict[str, Any]]:
    """Every enum, or every record, defined anywhere in ``schema``, by name."""
    found: dict[str, dict[str, Any]] = {}
    if isinstance(schema, list):
        for branch in schema:
            found |= named_types(branch, kind)
    elif isinstance(schema, dict):
        if schema.get("type") == kind:
            found[schema["name"]] = schema
        for part in (schema.get("type"), schema.get("items"), schema.get("values")):
            if isinstance(part, list | dict):
                found |= named_types(part, kind)
        for field in schema.get("fields", ()):
            found |= named_types(field["type"], kind)
    return found


def records() -> list[tuple[str, str, dict[str, Any]]]:
    """(contract, record, its schema) of every record of every contract."""
    return [
        (name, record, schema) for name in NAMES
        for record, schema in named_types(contracts.schema(name), "record").items()
    ]


def branches(annotation: Any) -> tuple[Any, ...]:
    return typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)


def fits(annotation: Any, schema: Any) -> bool:
    """Whether a value of this annotation can be written as this Avro type."""
    if isinstance(schema, list):
        some = [branch for branch in schema if branch != "null"]
        nullable = len(some) < len(schema)
        rest = [branch for branch in branches(annotation) if branch is not types.NoneType]
        return nullable == (types.NoneType in branches(annotation)) and fits(rest[0], some[0])
    if isinstance(schema, str) and getattr(annotation, "__name__", "") == schema:
        return True
    kind = schema if isinstance(schema, str) else schema["type"]
    rest = [branch for branch in branches(annotation) if branch is not bytes] or [bytes]
    if kind == "record":
        return len(rest) == 1 and issubclass(rest[0], msgspec.Struct) and rest[0].__name__ == schema["name"]
    if kind == "enum":
        return bool(annotation.__name__ == schema["name"])
    if kind == "array":
        return typing.get_origin(annotation) is list and fits(typing.get_args(annotation)[0], schema["items"])
    return kind in SCALARS.get(annotation, set())


def test_each_contract_is_valid_avro() -> None:
    for name in NAMES:
        fastavro.parse_schema(contracts.schema(name))


def test_its_enums_are_the_vocabulary() -> None:
    wrong = [
        f"{name}: {enum}" for name in NAMES for enum, schema in named_types(contracts.schema(name), "enum").items()
        if schema["symbols"] != [value.value for value in getattr(vocabulary, enum)]
    ]
    assert wrong == []


def test_its_records_are_the_structs_field_by_field() -> None:
    wrong = []
    for name, record, schema in records():
        struct: type[msgspec.Struct] = getattr(model, record)
        if [field["name"] for field in schema["fields"]] != list(struct.__struct_fields__):
            wrong.append(f"{name}: {record}")
            continue
        hints = typing.get_type_hints(struct)
        wrong += [
            f"{name}: {record}.{field['name']}" for field in schema["fields"]
            if not fits(hints[field["name"]], field["type"])
        ]
    assert wrong == []


def test_every_record_and_field_is_documented() -> None:
    wrong = [f"{name}: {record}" for name, record, schema in records() if not schema.get("doc")]
    wrong += [
        f"{name}: {record}.{field['name']}" for name, record, schema in records() for field in schema["fields"]
        if not field.get("doc")
    ]
    assert wrong == []


def test_optional_fields_default_to_null_first() -> None:
    wrong = [
        f"{name}: {record}.{field['name']}" for name, record, schema in records() for field in schema["fields"]
        if isinstance(field["type"], list)
        and (field["type"][0] != "null" or field.get("default", "absent") is not None)
    ]
    assert wrong == []


def test_every_contract_is_some_topics() -> None:
    assert {topic.schema for topic in topics.STATIC if topic.schema} == set(NAMES)
