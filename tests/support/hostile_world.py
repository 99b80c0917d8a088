"""The installation of ``portal_afternoon`` in which every foreign text tries to be markup."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct, structs

from tests.support.portal_afternoon import afternoon
from tests.support.read_model_world import HOSTILE

OURS = frozenset({"topic", "origin_topic"})
"""Fields that only ShipSync fills."""
ATTRIBUTE = "\" autofocus onfocus=alert(2) x='"
"""Would leave an attribute and run."""


def hostile_text(text: str) -> str:
    """The text, hostile in each of its parts; keys stay keys of each other."""
    return ":".join(f"{HOSTILE}{ATTRIBUTE}{part}" for part in text.split(":")) if text else text


def hostile(value: Any) -> Any:
    """The value with every text in it hostile, however deep."""
    if isinstance(value, Struct):
        return structs.replace(value, **{
            name: hostile(getattr(value, name)) for name in value.__struct_fields__ if name not in OURS
        })
    if isinstance(value, StrEnum):
        return value
    if isinstance(value, str):
        return hostile_text(value)
    if isinstance(value, list):
        return [hostile(one) for one in value]
    return value


def hostile_afternoon() -> list[tuple[str, Struct]]:
    """Key and value of every record."""
    return [(hostile_text(key), hostile(value)) for key, value in afternoon()]
