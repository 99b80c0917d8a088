"""Released contracts stay readable: the current schema reads what every released one wrote, and the reverse.

``avro/released/<contract>/<n>.avsc`` are the released versions, never edited. This is FULL_TRANSITIVE as
the registry asks it of the topics, checked without a registry.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import avro.schema
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

from config import contracts
from tests.support.sources import label

RELEASED = contracts.AVRO_DIR / "released"
VERSIONS = sorted(RELEASED.glob("*/*.avsc"))


def can_read(reader: dict[str, Any], writer: dict[str, Any]) -> list[str]:
    """The reasons why ``reader`` cannot read what ``writer`` wrote; empty where it can."""
    parsed = [avro.schema.parse(json.dumps(schema)) for schema in (reader, writer)]
    found = ReaderWriterCompatibilityChecker().get_compatibility(*parsed)
    if found.compatibility is SchemaCompatibilityType.compatible:
        return []
    return sorted(found.messages)


def read(path: Path) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return schema


def test_readers_and_writers_of_any_release_understand_each_other() -> None:
    wrong = {}
    for released in VERSIONS:
        current, old = contracts.schema(released.parent.name), read(released)
        if found := [*can_read(current, old), *can_read(old, current)]:
            wrong[label(released)] = found
    assert wrong == {}


def test_every_contract_has_been_released_and_none_has_gone() -> None:
    current = {path.stem for path in contracts.AVRO_DIR.glob("*.avsc")}
    assert {path.parent.name for path in VERSIONS} == current


def test_releases_are_numbered_without_a_gap() -> None:
    numbers: dict[str, list[int]] = {}
    for path in VERSIONS:
        numbers.setdefault(path.parent.name, []).append(int(path.stem))
    assert {name: found for name, found in numbers.items() if sorted(found) != list(range(1, len(found) + 1))} == {}


def test_a_new_field_without_a_default_is_caught() -> None:
    old = contracts.schema("order")
    new = copy.deepcopy(old)
    new["fields"].append({"name": "incoterm", "type": "string"})
    assert can_read(new, old)
    new["fields"][-1]["default"] = ""
    assert can_read(new, old) == []


def test_a_field_taken_away_without_a_default_is_caught() -> None:
    old = contracts.schema("order")
    new = copy.deepcopy(old)
    new["fields"] = [field for field in new["fields"] if field["name"] != "customer_id"]
    assert can_read(new, old) == []
    assert can_read(old, new)
