"""Decodes JSON payloads."""

from __future__ import annotations

from typing import Any

import msgspec

from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason

LIST = "list"
"""The key of a list at the root."""
_BOM = b"\xef\xbb\xbf"
_decode = msgspec.json.Decoder().decode


def read(body: bytes) -> dict[str, Any]:
    """Return the object in ``body``. Raises the Reject that :func:`tried` returns."""
    found = tried(body)
    if isinstance(found, Reject):
        raise found
    return found


def tried(body: bytes) -> dict[str, Any] | Reject:
    """Return the object in ``body``, a list as ``{"list": [...]}``. The last value of a repeated key applies.

    Returns a Reject ``not_text`` (not UTF-8), ``malformed`` (invalid JSON, such as NaN and Infinity, or nested too
    deep), ``unexpected_shape`` (a scalar).
    """
    try:
        message = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return _retry_without_bom(body, error)
    if message.__class__ is dict:
        return message
    if message.__class__ is list:
        return {LIST: message}
    return Reject(RejectReason.UNEXPECTED_SHAPE, f"an object is due, this is {_type_name(message)}", "message")


def _retry_without_bom(body: bytes, error: Exception) -> dict[str, Any] | Reject:
    if body.startswith(_BOM):
        return tried(body[len(_BOM):])
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as not_text:
        return Reject(RejectReason.NOT_TEXT, f"not UTF-8: {not_text.reason} at byte {not_text.start}")
    if isinstance(error, RecursionError):
        return Reject(RejectReason.MALFORMED, "JSON nested too deep")
    return Reject(RejectReason.MALFORMED, f"no JSON: {error}")


def _type_name(value: object) -> str:
    return "null" if value is None else f"a {type(value).__name__}"
