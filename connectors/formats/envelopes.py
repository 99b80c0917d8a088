"""Takes off what Kafka Connect and HTTP connectors put around a payload.

A JSON text inside a JSON string (StringConverter behind JsonConverter), ``{schema, payload}`` (JsonConverter with
``schemas.enable``), and a record as an object with its ``value`` (HTTP connectors).
"""

from __future__ import annotations

from typing import Any

import msgspec

_MOST_LAYERS = 4
_RECORD = frozenset({"key", "value", "headers", "timestamp", "topic", "partition", "offset"})
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def unwrapped(body: bytes) -> bytes | None:
    """Return the payload inside the envelopes of ``body``; None if there are none. Never raises."""
    found = body
    for _ in range(_MOST_LAYERS):
        inner = _inner(found)
        if inner is None:
            break
        found = inner
    return None if found is body else found


def _inner(body: bytes) -> bytes | None:
    start = body.lstrip()[:1]
    if start not in (b'"', b"{"):
        return None
    try:
        value: Any = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if isinstance(value, dict):
        if value.keys() == {"schema", "payload"}:
            value = value["payload"]
        elif "value" in value and len(value) > 1 and value.keys() <= _RECORD:
            value = value["value"]
        else:
            return None
    if isinstance(value, str):
        text = value.strip()
        return text.encode() if text else None
    return _encode(value) if isinstance(value, dict | list) else None
