"""Takes actions of people and programs: each is first recorded on ``audit.actions.v1``, then written to its own topics.

Nothing is done that is not on record. Where an action fails, a second record says so. A process that dies after the
first record leaves it alone: nothing then bears the action's id, which what an action writes has in the header
``shipsync.action``.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from msgspec import structs

from config import headers, topics
from config.settings import Settings
from connectors.kafka.producer import Record, deliver, producer
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.audit import ActionDetail, Actor, AuditAction
from streams.kernel.audit_vocabulary import ActionOutcome, SubjectKind
from streams.kernel.errors import Transient

ACK_SECONDS = 10.0
REGISTRY_SECONDS = 2.0


class Act(NamedTuple):
    """An action, and the records that bring it about."""

    audit: AuditAction
    records: Sequence[Record]


def audited(
    actor: Actor, at: int, action: str, kind: SubjectKind, subject: str, *, reason: str = "",
    details: Sequence[ActionDetail] = (),
) -> AuditAction:
    """An action with a new id. ``at``: UTC ms."""
    return AuditAction(
        uuid.uuid4().hex, at, actor.name, actor.kind, actor.role, actor.channel, action, kind, subject, reason,
        list(details),
    )


def audit_record(codec: ValueCodec[AuditAction], action: AuditAction) -> Record:
    """The record of ``audit.actions.v1``."""
    return Record(topics.AUDIT_ACTIONS.name, action.key.encode(), codec.encode(action))


def marked(record: Record, action: AuditAction) -> Record:
    """The record with the id of the action that brings it about."""
    return record._replace(headers=[*record.headers, (headers.ACTION, action.action_id.encode())])


def take(settings: Settings, acts: Sequence[Act], registry: Registry | None = None) -> int:
    """Record the actions, then write what they bring about; how many records that is.

    Raises Transient where broker or registry does not answer; of several some may be taken then.
    """
    with recorded(settings, [one.audit for one in acts], registry):
        return deliver(
            producer(settings, ack_seconds=ACK_SECONDS),
            [marked(record, one.audit) for one in acts for record in one.records], ACK_SECONDS + 1,
        )


@contextmanager
def recorded(settings: Settings, actions: Sequence[AuditAction], registry: Registry | None = None) -> Iterator[None]:
    """Record the actions before the block, and afterwards that they failed where it raises. Raises Transient where
    they cannot be recorded, without running the block, and for what the block raises as Transient."""
    codec = ValueCodec(topics.AUDIT_ACTIONS, AuditAction, registry or Registry(settings, patience=REGISTRY_SECONDS))

    def write(them: Sequence[AuditAction]) -> None:
        out = producer(settings, ack_seconds=ACK_SECONDS)
        deliver(out, [audit_record(codec, one) for one in them], ACK_SECONDS + 1)

    try:
        write(actions)
    except Transient as error:
        raise Transient(f"nothing was done, as it could not be recorded: {error}") from error
    try:
        yield
    except Exception as error:
        with suppress(Transient):
            write([structs.replace(one, outcome=ActionOutcome.FAILED) for one in actions])
        if isinstance(error, Transient):
            raise Transient(f"not all of it was written: {error}") from error
        raise
