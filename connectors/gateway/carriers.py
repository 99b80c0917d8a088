"""``/v1/carriers/{carrier}/events``: a carrier's push, as it came, onto its raw topic."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse

from config import topics
from config.setting_group import SettingsError
from connectors.gateway import bodies
from connectors.gateway.openapi import refusals
from connectors.gateway.peers import connected
from connectors.gateway.problems import Problem
from connectors.gateway.services import Services
from connectors.gateway.signatures import OWN_TOKEN, Arrived, Check, NotProven, Proof, compile_check
from connectors.kafka.raw_record import raw_record
from connectors.mapping.loading import Carrier

REFUSED = (400, 401, 404, 408, 409, 413, 415, 422, 429, 503)
TAKEN = "As 202, for carriers that take nothing else for success"
CHANNEL = "webhook"
EVERY_FEED = "*"


@dataclass(frozen=True, slots=True)
class Door:
    """How one feed is received. ``check``: None accepts unsigned pushes; ``answer``: success status."""

    feed: str
    topic: str
    kinds: tuple[str, ...]
    check: Check | None
    answer: int


def doors(carriers: Iterable[Carrier], services: Services) -> dict[str, Door]:
    """A door for each feed. Raises SettingsError for a secret of an unknown feed or in a wrong format."""
    settings = services.settings
    proxies = [ip_network(network) for network in settings.gateway.trusted_proxies]
    found = {}
    for carrier in carriers:
        push, secrets = carrier.push or OWN_TOKEN, services.push_secrets.get(carrier.feed, ())
        is_open = not secrets and (EVERY_FEED in settings.gateway.open or carrier.feed in settings.gateway.open)
        try:
            check = None if is_open else compile_check(push, secrets, proxies)
        except ValueError as error:
            raise SettingsError(f"SHIPSYNC_PUSH_SECRETS: a secret of {carrier.feed} is no base64") from error
        kinds = bodies.media_types(carrier.formats, push.content_types)
        found[carrier.feed] = Door(carrier.feed, topics.raw(carrier.feed).name, kinds, check, push.answer)
    unknown = sorted(services.push_secrets.keys() - found.keys())
    if unknown:
        there = ", ".join(sorted(found))
        raise SettingsError(f"SHIPSYNC_PUSH_SECRETS: there is no feed {unknown[0]}; there is {there}")
    return found


def router(carriers: Iterable[Carrier], services: Services) -> APIRouter:
    """The endpoints. Raises SettingsError as :func:`doors`."""
    api = APIRouter(tags=["carriers"])
    known = doors(carriers, services)
    feed: Any = Path(
        description="The carrier's feed, as `shipsync topics` lists them", json_schema_extra={"enum": sorted(known)}
    )
    content: dict[str, dict[str, Any]] = {kind: {} for door in known.values() for kind in bodies.described(door.kinds)}

    @api.post(
        "/v1/carriers/{carrier}/events", status_code=202, operation_id="pushCarrierEvents",
        summary="A carrier pushes tracking events", responses={200: {"description": TAKEN}, **refusals(*REFUSED)},
        openapi_extra={"requestBody": {"required": True, "content": content}},
    )
    async def push(request: Request, carrier: str = feed) -> JSONResponse:
        """Take a push, byte for byte. The answer comes when Kafka has it; some carriers are answered 200."""
        return await _take(_door(known, carrier), request, services)

    @api.get(
        "/v1/carriers/{carrier}/events", operation_id="lookAtDoor", responses=refusals(404),
        summary="Is there such a feed? For carriers that try the address when it is registered",
    )
    async def look(carrier: str = feed) -> dict[str, Any]:
        """Answer that pushes are taken here, and of which types."""
        door = _door(known, carrier)
        return {"feed": door.feed, "takes": list(door.kinds)}

    return api


async def _take(door: Door, request: Request, services: Services) -> JSONResponse:
    """Proven by its head, a push counts towards the feed's rate before its body is read; by its body, after that."""
    received_at = int(services.now() * 1000)
    by_body = None if door.check is None else door.check.by_body
    if door.check is not None:
        _prove(door.check.by_head, request, b"", services)
    kind = bodies.check_kind(request, door.kinds)
    limits = services.within_rate(door.feed) if by_body is None else {}
    with services.slot(request, door.feed, proven=door.check is not None and by_body is None) as slot:
        body = await services.read(request, slot)
        if by_body is not None:
            _prove(by_body, request, body, services)
            limits = services.within_rate(door.feed)
        services.slots.prove(slot)

        async def take() -> dict[str, Any]:
            correlation_id = uuid.uuid4().hex
            record = raw_record(door.feed, body, kind, received_at, correlation_id, CHANNEL)
            (place,) = await services.write([record])
            return {"correlation_id": correlation_id, **place._asdict()}

        return await services.once(request, f"push:{door.feed}", body, door.answer, limits, take)


def _door(known: Mapping[str, Door], feed: str) -> Door:
    door = known.get(feed)
    if door is None:
        raise Problem(404, "unknown_carrier", "there is no such feed")
    return door


def _prove(proof: Proof, request: Request, body: bytes, services: Services) -> None:
    try:
        proof(Arrived(request.method, request.url.path, request.headers, body, connected(request)), services.now())
    except NotProven as error:
        refused = Problem(401, error.code, error.detail, headers={"WWW-Authenticate": 'Push realm="shipsync"'})
        raise services.not_proven(request, refused) from error
