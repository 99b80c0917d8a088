"""Schema ids are made of the contract alone."""

from __future__ import annotations

from typing import Any

import pytest

from config import contracts
from config.topics import STATIC
from connectors.kafka.schema_ids import ids, schema_id
from streams.kernel.errors import Fatal

NAMES = sorted({topic.schema for topic in STATIC if topic.schema is not None})

ID = 1123166470


def record(*fields: dict[str, Any], doc: str = "") -> dict[str, Any]:
    return {"type": "record", "name": "x", "doc": doc, "fields": list(fields)}


def test_every_contract_has_an_id_of_its_own_that_fits_the_wire_format() -> None:
    numbers = ids(NAMES)
    assert len(set(numbers.values())) == len(NAMES)
    assert all(0 < number < 2**31 for number in numbers.values())


def test_two_topics_of_one_contract_share_its_id() -> None:
    assert ids(["alert", "alert"]) == {"alert": schema_id("alert")}


def test_fields_make_the_id_and_words_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {
        "plain": record({"name": "a", "type": "string"}),
        "worded": record({"name": "a", "type": "string", "doc": "What a is"}, doc="An x"),
        "wider": record({"name": "a", "type": "string"}, {"name": "b", "type": "long"}),
    }
    monkeypatch.setattr(contracts, "schema", made.__getitem__)
    assert schema_id("plain") == schema_id("worded") != schema_id("wider")
    with pytest.raises(Fatal, match="plain and worded have the same schema id"):
        ids(["plain", "worded"])


def test_an_id_is_the_same_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contracts, "schema", {"any": record({"name": "a", "type": "string"})}.__getitem__)
    assert schema_id("any") == ID
