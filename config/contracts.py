"""The Avro contracts; the only place that knows where the files lie: in a wheel beside this module, else ``avro/``."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_PACKAGED = Path(__file__).resolve().parent / "avro"
AVRO_DIR = _PACKAGED if _PACKAGED.is_dir() else _PACKAGED.parents[1] / "avro"


@cache
def schema_text(name: str) -> str:
    """The schema ``avro/<name>.avsc`` as it is registered: compact JSON, docs kept."""
    return json.dumps(json.loads((AVRO_DIR / f"{name}.avsc").read_text("utf-8")), separators=(",", ":"))


@cache
def schema(name: str) -> dict[str, Any]:
    """The schema as data."""
    loaded: dict[str, Any] = json.loads(schema_text(name))
    return loaded
