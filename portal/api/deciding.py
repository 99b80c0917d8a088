"""Decisions by program, as every resource takes them: the reason, and the problems of one that is not taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from typing import Annotated, Any, TypeAlias

from fastapi import Header

from connectors.gateway.problems import Problem
from connectors.gateway.stored_responses import LONGEST_KEY
from portal.api.clients import Client
from portal.api.services import DeliveryDecisions, PortalServices
from streams.kernel.errors import Fatal, Transient

RETRY_SECONDS = "5"
_KEY_DIGITS = 32
Key: TypeAlias = Annotated[str | None, Header(
    alias="Idempotency-Key", min_length=1, max_length=LONGEST_KEY,
    description="Of a request that may be sent again: the same key takes the decision once",
)]


def reason_of(text: str) -> str:
    """The reason in one line, without what cannot be shown. Raises Problem 409 where nothing is left."""
    reason = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    if not reason:
        raise Problem(409, "not_possible", "reason: say why, in characters that can be shown")
    return reason


def key_of(client: Client, given: str | None) -> str:
    """The key that a decision is kept with: the client's own; empty where none was given."""
    return "" if given is None else sha256(f"{client.name}\n{given}".encode()).hexdigest()[:_KEY_DIGITS]


@contextmanager
def taking(services: PortalServices, allowed: Mapping[str, Any]) -> Iterator[DeliveryDecisions]:
    """Where decisions are taken. Raises Problem: 503 where they cannot be just now, 409 with ``allowed`` for one that
    is not possible any more."""
    retry = {"Retry-After": RETRY_SECONDS}
    if services.decisions is None:
        raise Problem(503, "not_taken", "decisions are not taken here", headers=retry)
    try:
        yield services.decisions
    except Transient as error:
        raise Problem(503, "not_taken", "Kafka does not answer just now", headers=retry) from error
    except Fatal as error:
        raise Problem(409, "illegal_decision", str(error), members=dict(allowed)) from error
