"""JSON documents of the ERP and the warehouse: a request with one wrong document is refused whole."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import msgspec
import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError

from config import headers
from config.topics import Topic
from connectors.gateway import bodies
from connectors.gateway.openapi import body_of, refusals
from connectors.gateway.problems import Problem, invalid, pointer, unavailable
from connectors.gateway.services import Services
from connectors.kafka.log_writer import Place
from connectors.kafka.producer import Record
from connectors.kafka.registry import Registry, ValueCodec
from streams.kernel.errors import Fatal, Transient

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T", bound=msgspec.Struct)
S = TypeVar("S", bound=msgspec.Struct, covariant=True)
log = structlog.get_logger(__name__)
JSON = bodies.media_types(["json"])
MOST_DOCUMENTS = 1_000
Fault = dict[str, Any]


@dataclass(frozen=True)
class Kind(Generic[M, T]):
    """One kind of document. ``scope`` names the keys that may send it (``SHIPSYNC_API_KEYS``).

    ``also_wrong``: (path, words) of what the model cannot say; ``name``: what the record is keyed with;
    ``operation``: its name in the OpenAPI document, by default after the scope.
    """

    path: str
    scope: str
    topic: Topic
    model: type[M]
    struct: type[T]
    to_struct: Callable[[M], T]
    name: Callable[[T], str]
    also_wrong: Callable[[T], list[tuple[str, str]]]
    summary: str
    operation: str = ""


class Contract(Protocol[S]):
    """A topic and the Struct of its values."""

    @property
    def topic(self) -> Topic: ...
    @property
    def struct(self) -> type[S]: ...


class Codecs:
    """Avro encoders, created when first needed: carriers' pushes need no registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._known: dict[str, Any] = {}

    async def of(self, kind: Contract[T], retry_after: int) -> ValueCodec[T]:
        """The writer. Raises Problem 503 where the registry does not give the contract's id."""
        if kind.topic.name not in self._known:
            try:
                made = await asyncio.to_thread(ValueCodec, kind.topic, kind.struct, self._registry)
            except (Transient, Fatal) as error:
                log.error("no contract to write with", topic=kind.topic.name, trouble=str(error))
                raise unavailable("not taken: the schema registry does not answer for it", retry_after) from error
            self._known[kind.topic.name] = made
        codec: ValueCodec[T] = self._known[kind.topic.name]
        return codec


def router(kind: Kind[M, T], codecs: Codecs, services: Services) -> APIRouter:
    """The endpoint of one kind."""
    api = APIRouter(tags=[kind.scope])

    @api.post(
        kind.path, status_code=202, operation_id=kind.operation or f"post_{kind.scope}", summary=kind.summary,
        responses=refusals(400, 401, 408, 409, 413, 415, 422, 429, 503),
        openapi_extra={**body_of(kind.model), "security": [{"key": []}]},
    )
    async def post(request: Request) -> JSONResponse:
        """Accept one document or a list. The response comes once Kafka has all of them; one wrong document refuses the
        request."""
        limits = services.admitted(request, kind.scope)
        bodies.check_kind(request, JSON)
        received_at = int(services.now() * 1000)
        with services.slot(request, kind.scope, proven=True) as slot:
            body = await services.read(request, slot)

            async def take() -> dict[str, Any]:
                return await write(kind, documents(kind, body), received_at, codecs, services)

            return await services.once(request, kind.scope, body, 202, limits, take)

    return api


async def write(
    kind: Kind[M, T], taken: list[T], received_at: int, codecs: Codecs, services: Services,
    into: Callable[[Sequence[T], Sequence[Record]], Awaitable[list[Place]]] | None = None,
) -> dict[str, Any]:
    """Write the documents; returns each one's key and place once Kafka has acknowledged all. ``into``: writes their
    records; by default the services do. Raises Problem."""
    codec = await codecs.of(kind, services.retry_after)
    correlation_id = uuid.uuid4().hex
    told = [
        (headers.RECEIVED_AT, str(received_at).encode()), (headers.CORRELATION_ID, correlation_id.encode()),
    ]
    records = [
        Record(kind.topic.name, kind.name(one).encode(), codec.encode(one), told) for one in taken
    ]
    places = await (services.write(records) if into is None else into(taken, records))
    named = [
        {"key": kind.name(one), **place._asdict()} for one, place in zip(taken, places, strict=True)
    ]
    return {"correlation_id": correlation_id, "records": named}


def documents(kind: Kind[M, T], body: bytes) -> list[T]:
    """Every document of a body. Raises Problem: 400 if it is no JSON, 422 with each wrong field."""
    try:
        read = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(400, "malformed", f"no JSON: {error}") from error
    except RecursionError as error:
        raise Problem(400, "malformed", "nested too deeply") from error
    several = isinstance(read, list)
    items = read if several else [read]
    if not 0 < len(items) <= MOST_DOCUMENTS:
        raise Problem(422, "invalid", f"1 to {MOST_DOCUMENTS} documents are taken at once, not {len(items)}")
    taken: list[T] = []
    faults: list[Fault] = []
    for place, item in enumerate(items):
        document, found = _document(kind, item)
        if document is not None:
            taken.append(document)
        faults += [
            {"item": place, "pointer": pointer([*([place] if several else []), *path]), "detail": words}
            for path, words in found
        ]
    if faults:
        raise invalid(faults)
    return taken


def _document(kind: Kind[M, T], item: object) -> tuple[T | None, list[tuple[list[str | int], str]]]:
    """The document, or None and its faults as (path, message)."""
    try:
        made = kind.to_struct(kind.model.model_validate(item))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False)
        return None, [(list(one["loc"]), one["msg"]) for one in faults]
    wrong = kind.also_wrong(made)
    if not wrong and _is_unicode(made):
        return made, []
    return None, [(_parts(path), words) for path, words in wrong] or [([], "holds text that is not Unicode")]


def _is_unicode(made: msgspec.Struct) -> bool:
    try:
        msgspec.json.encode(made)
    except UnicodeEncodeError:
        return False
    return True


def _parts(path: str) -> list[str | int]:
    """``shipments[0].carrier`` in parts."""
    parts = path.replace("[", ".").replace("]", "").split(".")
    return [int(part) if part.isdecimal() else part for part in parts if part]
