"""``/v1/masterdata/{kind}/{id}``: read, write or withdraw one record of master data."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple

import msgspec
from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.topics import MASTER_DATA, Topic
from connectors.gateway import auditing, bodies
from connectors.gateway.documents import JSON, Codecs
from connectors.gateway.fields import LABEL, Label, Name, Timestamp
from connectors.gateway.openapi import refusals
from connectors.gateway.problems import Problem, invalid, pointer, unavailable
from connectors.gateway.services import Services
from connectors.kafka.action_audits import of_master_record
from connectors.kafka.person_actions import Act
from connectors.kafka.producer import Record
from streams.contracts.ids import LONGEST_NUMBER
from streams.contracts.masterdata import master_key
from streams.contracts.model import MasterRecord
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import MasterKind
from streams.masterdata.rows import BETWEEN_ALIASES, read_row

PATH = "/v1/masterdata/{kind}/{id:path}"
SCOPE = "masterdata"
CLIENT = auditing.client(SCOPE)
MOST_ALIASES = 1_000
LONGEST_ID = 2 * LONGEST_NUMBER + 100
"""A link names two shipments."""
Kind = Annotated[str, Path(
    description="Kind of master data", json_schema_extra={"enum": [one.value for one in MasterKind]}
)]
Id = Annotated[str, Path(
    description="Its id within the kind", json_schema_extra={"minLength": 1, "maxLength": LONGEST_ID, "pattern": LABEL}
)]
"""Checks neither the kind nor the id itself: both are judged after the key."""
CurrentRecords = Callable[[], Mapping[str, MasterRecord]]
"""Returns the current records by KIND:ID. Raises Transient without Kafka."""


class MasterDocument(BaseModel):
    """Describes one carrier, customer, reference or link; each kind takes its own fields."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [
            {"carrier": "acme", "tracking_number": "AC123456"},
            {"name": "Acme Freight", "scac": "ACME", "aliases": ["Acme Inc."]},
        ]},
    )
    name: Label = ""
    scac: Label = Field("", description="Standard Carrier Alpha Code")
    duns: Label = Field("", description="D-U-N-S number")
    gln: Label = Field("", description="GS1 Global Location Number")
    aliases: list[Name] = Field(default_factory=list, max_length=MOST_ALIASES, description="Names others call it by")
    carrier: Label = Field("", description="Carrier of the shipment a reference is, or a link is about")
    tracking_number: Label = ""
    of_carrier: Label = Field("", description="Carrier of the shipment a link leads to")
    of_tracking_number: Label = ""
    link: Label = Field("", description="alias, handed_over, relabelled, return_leg or piece")
    valid_at: Timestamp | None = Field(None, description="The time a reference is about; now where none is given")


class _Contract(NamedTuple):
    topic: Topic
    struct: type[MasterRecord]


CONTRACT = _Contract(MASTER_DATA, MasterRecord)


def router(codecs: Codecs, services: Services, known: CurrentRecords) -> APIRouter:
    """The endpoints."""
    api = APIRouter(tags=[SCOPE])
    told: dict[str, Any] = {"security": [{"key": []}]}
    body = {"$ref": f"#/components/schemas/{MasterDocument.__name__}"}

    @api.get(
        PATH, operation_id="get_masterdata", summary="What is said of it", openapi_extra=told,
        responses=refusals(401, 404, 422, 429, 503),
    )
    async def get(request: Request, kind: Kind, id: Id) -> JSONResponse:
        """The record, in the words of PUT."""
        limits = services.admitted(request, SCOPE)
        record = await _standing(*_name(kind, id), known, services)
        return JSONResponse(msgspec.to_builtins(record), headers=limits)

    @api.put(
        PATH, operation_id="put_masterdata", summary="Say it, anew or otherwise",
        responses=refusals(400, 401, 408, 413, 415, 422, 429, 503),
        openapi_extra={**told, "requestBody": {"required": True, "content": {"application/json": {"schema": body}}}},
    )
    async def put(request: Request, kind: Kind, id: Id) -> JSONResponse:
        """Write the record; the answer comes when Kafka has it."""
        limits = services.admitted(request, SCOPE)
        known_kind, name = _name(kind, id)
        bodies.check_kind(request, JSON)
        with services.slot(request, SCOPE, proven=True) as slot:
            read = await services.read(request, slot)
            record = record_of(known_kind, name, read, int(services.now() * 1000))
            return JSONResponse(await _write(record, None, codecs, services), headers=limits)

    @api.delete(
        PATH, operation_id="delete_masterdata", summary="Take it back", openapi_extra=told,
        responses=refusals(401, 404, 422, 429, 503),
    )
    async def delete(request: Request, kind: Kind, id: Id) -> JSONResponse:
        """Take the record back: whoever followed it follows that too."""
        limits = services.admitted(request, SCOPE)
        record = await _standing(*_name(kind, id), known, services)
        now = int(services.now() * 1000)
        gone = msgspec.structs.replace(record, withdrawn=True, updated_at=now, updated_by=CLIENT.name)
        return JSONResponse(await _write(gone, record, codecs, services), headers=limits)

    return api


def _name(kind: str, name: str) -> tuple[MasterKind, str]:
    """Reads the kind and id that the path names. Raises Problem 422 for a kind or an id that cannot be one."""
    try:
        found = MasterKind(kind)
    except ValueError:
        there = ", ".join(one.value for one in MasterKind)
        raise invalid([{"pointer": "/path/kind", "detail": f"there is {there}"}]) from None
    if len(name) > LONGEST_ID or re.search(LABEL, name) is None:
        detail = f"an id has at most {LONGEST_ID} characters, no control characters and no marks of direction"
        raise invalid([{"pointer": "/path/id", "detail": detail}])
    return found, name


def record_of(kind: MasterKind, name: str, body: bytes, now_ms: int) -> MasterRecord:
    """The record of a request. Raises Problem: 400 if it is no JSON, 422 with each wrong field."""
    try:
        document = MasterDocument.model_validate(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, "malformed", f"no JSON: {error}") from error
    except ValidationError as error:
        raise invalid([
            {"pointer": pointer(list(one["loc"])), "detail": one["msg"]} for one in error.errors(include_url=False)
        ]) from error
    fields = document.model_dump(exclude={"aliases", "valid_at"})
    row = {
        **fields, "kind": kind.value, "id": name, "aliases": BETWEEN_ALIASES.join(document.aliases),
        "valid_at": "" if document.valid_at is None else document.valid_at.isoformat(),
    }
    if kind is MasterKind.LINK:
        del row["id"]
    found = read_row(row, now_ms, CLIENT.name)
    if not isinstance(found, MasterRecord):
        raise invalid([{"pointer": pointer([column]), "detail": detail} for column, detail in found])
    if kind is MasterKind.LINK and found.id != name:
        raise invalid([{"pointer": "/link", "detail": f"a link of these shipments has the id {found.id}"}])
    return found


async def _standing(kind: MasterKind, name: str, known: CurrentRecords, services: Services) -> MasterRecord:
    try:
        record = (await asyncio.to_thread(known)).get(master_key(kind, name))
    except Transient as error:
        raise unavailable("master data cannot be read", services.retry_after) from error
    if record is None or record.withdrawn:
        raise Problem(404, "unknown", f"nothing is said of {master_key(kind, name)}")
    return record


async def _write(
    record: MasterRecord, before: MasterRecord | None, codecs: Codecs, services: Services
) -> dict[str, Any]:
    codec = await codecs.of(CONTRACT, services.retry_after)
    key = master_key(record.kind, record.id)
    try:
        value = codec.encode(record)
    except UnicodeEncodeError as error:
        raise invalid([{"pointer": "", "detail": "holds text that is not Unicode"}]) from error
    act = Act(of_master_record(CLIENT, record, before), [Record(MASTER_DATA.name, key.encode(), value)])
    [place] = await auditing.take([act], codecs, services)
    return {"key": key, **place._asdict()}
