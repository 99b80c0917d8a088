"""The Avro contracts, read from ``avro/``; the only place that knows where the files lie."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

AVRO_DIR = Path(__file__).resolve().parent.parent / "avro"


@cache
def schema_text(name: str) -> str:
    """The schema ``avro/<name>.avsc`` as it is registered: compact JSON, docs kept."""
    return json.dumps(json.loads((AVRO_DIR / f"{name}.avsc").read_text("utf-8")), separators=(",", ":"))


@cache
def schema(name: str) -> dict[str, Any]:
    """The schema as data."""
    loaded: dict[str, Any] = json.loads(schema_text(name))
    return loaded
