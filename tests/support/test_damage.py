"""Generated damage takes every form, and a failure shrinks to the least of it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import find, settings

from tests.support import damage

PAYLOADS = [{"a": {"b": [1, 2]}, "c": "x"}, {"d": None}]
DRAWN = [damage.value(damage.Choices(Random(seed).randbytes(damage.BYTES)), ["a", "b"]) for seed in range(3_000)]
ENOUGH = settings(max_examples=500, database=None, derandomize=True)


def inside(value: Any) -> Iterator[Any]:
    """The value, and every one within it."""
    yield value
    children: Any = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from inside(child)


@pytest.mark.parametrize("is_one", [
    lambda one: one is None,
    lambda one: one is True,
    lambda one: one is False,
    lambda one: type(one) is int and one > 2**64,
    lambda one: type(one) is int and one < -(2**64),
    lambda one: type(one) is float and math.isnan(one),
    lambda one: type(one) is float and math.isinf(one),
    lambda one: type(one) is float and 0 < one < 1e-300,
    lambda one: type(one) is str and len(one) > 10 and not one.isprintable(),
    lambda one: type(one) is str and any(ord(character) > 0xFFFF for character in one),
    lambda one: one == "",
    lambda one: one == [],
    lambda one: one == {},
    lambda one: type(one) is list and len(one) == 3,
    lambda one: type(one) is dict and len(one) == 5,
    lambda one: type(one) is dict and {"a", "b"} < set(one),
    lambda one: sum(not isinstance(each, list | dict) for each in inside(one)) > 12,
])
def test_every_form_of_value_is_generated(is_one: Callable[[Any], bool]) -> None:
    assert any(is_one(one) for value in DRAWN for one in inside(value))


def test_every_value_is_json() -> None:
    assert all(json.dumps(json.loads(json.dumps(value))) == json.dumps(value) for value in DRAWN)


def test_a_failure_shrinks_to_the_plainest_value() -> None:
    assert find(damage.values(["a"]), lambda value: type(value) is dict and len(value) > 0, settings=ENOUGH) == {
        "a": None
    }


def test_a_failure_shrinks_to_the_least_damage() -> None:
    def is_hit(payload: Any) -> bool:
        return type(payload) is dict and type(payload.get("a")) is dict and payload["a"].get("b") not in ([1, 2], None)

    assert find(damage.damaged(PAYLOADS, ["a"]), is_hit, settings=ENOUGH) == {"a": {"b": [None, 2]}, "c": "x"}


def test_a_failure_shrinks_to_the_fewest_bodies() -> None:
    found = find(damage.bodies(5, 300), lambda bodies: any(body > b"\x07" for body in bodies), settings=ENOUGH)
    assert found == [b"\x08"]


def test_bodies_are_few_or_many_and_short_or_long() -> None:
    counts, lengths = set(), set()

    def seen(bodies: list[bytes]) -> bool:
        counts.add(len(bodies))
        lengths.update(map(len, bodies))
        return counts >= set(range(6)) and lengths >= set(range(6)) and max(lengths) > 100

    find(damage.bodies(5, 300), seen, settings=ENOUGH)


def test_without_bytes_every_choice_is_the_first() -> None:
    choices = damage.Choices(b"\x02\x01")
    assert choices.number(1_000) == 0x201
    assert (choices.number(9), choices.one_of("xyz"), choices.text(5), choices.bytes(5)) == (0, "x", "", b"")
