"""Records what clients of the gateway do on ``audit.actions.v1`` before it is written."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from msgspec import structs

from config.topics import AUDIT_ACTIONS, Topic
from connectors.gateway.documents import Codecs
from connectors.gateway.problems import Problem
from connectors.gateway.services import Services
from connectors.kafka.log_writer import Place
from connectors.kafka.person_actions import Act, audit_record, marked
from streams.contracts.audit import Actor, AuditAction
from streams.kernel.audit_vocabulary import ActionChannel, ActionOutcome, ActorKind


class _Contract(NamedTuple):
    topic: Topic
    struct: type[AuditAction]


CONTRACT = _Contract(AUDIT_ACTIONS, AuditAction)


def client(scope: str) -> Actor:
    """The bearer of a key of this scope (``SHIPSYNC_API_KEYS``)."""
    return Actor(f"api:{scope}", ActorKind.API_CLIENT, ActionChannel.API)


async def take(acts: Sequence[Act], codecs: Codecs, services: Services) -> list[Place]:
    """Write the records of actions once the actions are recorded; their places. Raises Problem as
    :meth:`Services.write`: what failed is then recorded as failed, where that can be written."""
    codec = await codecs.of(CONTRACT, services.retry_after)
    await services.write([audit_record(codec, one.audit) for one in acts])
    try:
        return await services.write([marked(record, one.audit) for one in acts for record in one.records])
    except Problem:
        failed = [structs.replace(one.audit, outcome=ActionOutcome.FAILED) for one in acts]
        with suppress(Problem):
            await services.write([audit_record(codec, one) for one in failed])
        raise
