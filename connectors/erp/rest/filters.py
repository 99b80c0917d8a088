"""The filters that expressions of a declaration have beside Jinja's own: times, and quoting inside query languages."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

_SAP_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d+)?\)/")
_FRACTION = re.compile(r"(\.\d{6})\d+")
_KEY = uuid.UUID("6b1a2f5e-3c3b-5d0f-9a42-5a7c6f1f0d11")
"""The name space of UUIDs made of posting ids. Never to change: an ERP knows postings by them."""


class BadValue(ValueError):
    """A value that a filter cannot convert; the text shows it."""


def odata(value: Any) -> str:
    """The text for use between the quotes of an OData literal: quotes are doubled."""
    return str(value).replace("'", "''")


sql = odata


def iso(ms: Any) -> str:
    """UTC milliseconds as ``2026-09-14T10:00:00.000Z``."""
    return _utc(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def formatted(ms: Any, form: str, zone: str = "UTC") -> str:
    """UTC milliseconds by a ``strftime`` format, in a time zone."""
    return _utc(ms).astimezone(ZoneInfo(zone)).strftime(form)


def local(ms: Any, zone: str = "UTC") -> str:
    """UTC milliseconds as ``2026-09-14 10:00:00``, in a time zone."""
    return formatted(ms, "%Y-%m-%d %H:%M:%S", zone)


def date(ms: Any, zone: str = "UTC") -> str:
    """UTC milliseconds as ``2026-09-14``, in a time zone."""
    return formatted(ms, "%Y-%m-%d", zone)


def ms(value: Any, zone: str = "UTC") -> int | None:
    """UTC milliseconds of an ERP's time; None for none.

    Takes ISO 8601 with and without an offset, a blank for the T, and ``/Date(ms)/``. ``zone``: of times that have no
    offset. Raises BadValue for anything else.
    """
    if value is None or value is False or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = str(value).strip()
    if (stamp := _SAP_DATE.fullmatch(text)) is not None:
        return int(stamp[1])
    try:
        at = datetime.fromisoformat(_FRACTION.sub(r"\1", text))
    except ValueError:
        raise BadValue(f"{text[:60]!r} is no time") from None
    aware = at if at.tzinfo is not None else at.replace(tzinfo=ZoneInfo(zone))
    return int(aware.timestamp() * 1000)


def as_uuid(value: Any) -> str:
    """A UUID that stands for the text, always the same one."""
    return str(uuid.uuid5(_KEY, str(value)))


def from_json(value: Any) -> Any:
    """The value that a text of JSON holds; None for any other text."""
    try:
        return json.loads(str(value))
    except (ValueError, RecursionError):
        return None


def _utc(value: Any) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadValue(f"{str(value)[:60]!r} is no time in UTC milliseconds")
    return datetime.fromtimestamp(value / 1000, UTC)


FILTERS: Mapping[str, Callable[..., Any]] = {
    "odata": odata, "sql": sql, "iso": iso, "local": local, "date": date, "strftime": formatted, "ms": ms,
    "uuid": as_uuid, "from_json": from_json,
}
