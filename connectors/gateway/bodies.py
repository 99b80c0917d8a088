"""Reads a request's body, within limits of size and time, and only of accepted media types."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from functools import partial

from fastapi import Request
from starlette.requests import ClientDisconnect

from connectors.gateway.body_slots import BodySlots, Slot, check, settled
from connectors.gateway.problems import Problem

READ_SECONDS = 30.0
"""How long a body may take to arrive."""
KINDS = {
    "json": ("application/json", "text/json", "+json"),
    "ndjson": ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/json"),
    "xml": ("application/xml", "text/xml", "+xml"),
    "csv": ("text/csv", "text/plain"),
    "x12": ("application/edi-x12", "application/x12", "application/octet-stream", "text/plain"),
    "edifact": ("application/edifact", "application/octet-stream", "text/plain"),
}
"""Format -> media types it comes as; ``+json`` stands for every type with that suffix."""


def media_types(formats: Iterable[str], more: Iterable[str] = ()) -> tuple[str, ...]:
    """The media types a feed of these formats accepts, each once. A format that is not known accepts any type."""
    found = [kind for name in formats for kind in KINDS.get(name, ("",))]
    return tuple(dict.fromkeys([*found, *(kind.lower() for kind in more)]))


def described(taken: tuple[str, ...]) -> list[str]:
    """The media types as an OpenAPI document names them: suffixes and further types become ranges."""
    return [{"": "*/*", "+": f"application/*{kind}"}.get(kind[:1], kind) for kind in taken]


def check_kind(request: Request, taken: tuple[str, ...]) -> str:
    """The Content-Type as sent. Raises Problem 415 for one that is not taken, and for compressed bodies."""
    said = request.headers.get("content-type", "")
    kind = said.partition(";")[0].strip().lower()
    if not kind or not any(kind == one or (one[:1] in ("+", "") and kind.endswith(one)) for one in taken):
        accepted = ", ".join(described(taken))
        raise Problem(
            415, "unsupported_media_type", f"{kind or 'no Content-Type'} is not taken here; {accepted} is",
            headers={"Accept": accepted},
        )
    codings = ", ".join(request.headers.getlist("content-encoding")).strip().lower() or "identity"
    if codings != "identity":
        raise Problem(
            415, "unsupported_encoding", f"Content-Encoding {codings} is not taken: send it as it is",
            headers={"Accept-Encoding": "identity"},
        )
    return said


async def read(request: Request, most: int, slots: BodySlots, slot: Slot) -> bytes:
    """The whole body, held in this slot. Raises Problem: 413 above ``most`` bytes (the rest is not read), 400 for none
    or a part of it, 408 for one that takes too long, 503 for one that gave way to another."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most:
        raise _too_large(most)
    parts: list[bytes] = []
    try:
        async with asyncio.timeout(READ_SECONDS) as waiting:
            slot.give_way = partial(_end, waiting)
            async for part in request.stream():
                slots.grow(slot, len(part))
                if slot.size > most:
                    raise _too_large(most)
                parts.append(part)
    except TimeoutError as error:
        check(slot)
        raise Problem(408, "too_slow", f"the body did not arrive within {READ_SECONDS:g} s") from error
    except ClientDisconnect as error:
        raise Problem(400, "cut_off", "the connection ended before the body did") from error
    finally:
        slot.give_way = settled
    check(slot)
    body = b"".join(parts)
    if not body.strip():
        raise Problem(400, "empty", "the body is empty")
    return body


def _end(waiting: asyncio.Timeout) -> None:
    with suppress(RuntimeError):  # it ends already
        waiting.reschedule(0)


def _too_large(most: int) -> Problem:
    return Problem(413, "too_large", f"more than {most} bytes are not taken")
