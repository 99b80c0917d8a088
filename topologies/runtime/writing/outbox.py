"""Messages that a later input may take back wait until the change they come of is on the changelog.

If such a message were sent first and the worker then died, its successor might read the inputs in another order, never
produce this message, and so never retract it. Therefore the record of the changelog carries the message in a header;
once it is sent, the record is written again without it. Who restores a partition sends what its predecessor had not
sent, or not noted as sent, before anything else. A repeat carries the same ids and times. A message for which the
record has no room goes out before the change, as outputs do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from msgspec import MsgspecError, msgpack

from config import headers
from connectors.formats.prepared_types import prepared
from connectors.kafka.topic_admin import LARGEST_STATE
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason
from topologies.runtime.handler import Handled, Message
from topologies.runtime.writing.sink import Whole

_Packed = list[tuple[str, bytes | None, bytes | None]]
_AROUND_ONE = 16
_AROUND_ALL = 1024
"""Bytes a message takes in the header beside its topic, key and value; and a record beside all that, at the most."""


class HeldBack(NamedTuple):
    """Messages by topic, and the value of the changelog's record they wait for."""

    changelog: bytes | None
    messages: Mapping[str, list[Message]]


def to_hold(handled: Handled) -> dict[bytes, HeldBack]:
    """Selects the messages that wait for the changelog, by key of the change: all of ``afterwards`` that find room in a
    record."""
    waiting = {}
    for key, messages in handled.afterwards.items():
        held = HeldBack(handled.changes[key].changelog, messages)
        if _size(key, held) <= LARGEST_STATE:
            waiting[key] = held
    return waiting


def together(several: Iterable[Mapping[str, list[Message]]]) -> dict[str, list[Message]]:
    """The messages of all by topic, those of one in their order."""
    by_topic: dict[str, list[Message]] = {}
    for one in several:
        for topic, messages in one.items():
            by_topic.setdefault(topic, []).extend(messages)
    return by_topic


def _size(key: bytes, held: HeldBack) -> int:
    """Bytes of the record at the most."""
    size = _AROUND_ALL + len(key) + len(held.changelog or b"")
    for topic, messages in held.messages.items():
        size += (_AROUND_ONE + len(topic)) * len(messages)
        for message in messages:
            size += len(message["key"] or b"") + len(message["value"] or b"")
    return size


def carrying(topic: str, key: bytes, held: HeldBack, partition: int) -> Whole:
    """The record of the changelog with the messages in its header."""
    packed: _Packed = [
        (name, message["key"], message["value"]) for name, messages in held.messages.items() for message in messages
    ]
    return Whole(topic, key, held.changelog, [(headers.HELD_BACK, msgpack.encode(packed))], partition)


def carried(
    value: bytes | None, told: Iterable[tuple[str, bytes | None]] | None, outputs: Collection[str]
) -> HeldBack | None:
    """Returns the messages the record with these headers carries; None where there are none.

    Raises Reject where the header cannot be read, or names a topic that is not among ``outputs``.
    """
    for name, data in told or ():
        if name == headers.HELD_BACK and data is not None:
            return HeldBack(value, _unpacked(data, outputs))
    return None


def _unpacked(data: bytes, outputs: Collection[str]) -> dict[str, list[Message]]:
    try:
        packed = msgpack.decode(data, type=prepared(_Packed))
    except (MsgspecError, UnicodeDecodeError) as error:
        raise Reject(RejectReason.MALFORMED, f"the header {headers.HELD_BACK} cannot be read: {error}") from error
    messages: dict[str, list[Message]] = {}
    for topic, key, body in packed:
        if topic not in outputs:
            raise Reject(
                RejectReason.CONTRACT_BROKEN,
                f"the header {headers.HELD_BACK} has a message for {topic[:100]!r}, which is no output of this stage",
            )
        messages.setdefault(topic, []).append({"key": key, "value": body})
    return messages
