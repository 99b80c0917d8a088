"""Functional acknowledgements of EDI: the value of ``edi.acknowledgements``. Times are UTC milliseconds."""

from __future__ import annotations

from msgspec import Struct, field

from streams.vocabulary import Direction, Verdict


class MessageVerdict(Struct, frozen=True, array_like=True):
    """One transaction set or message. ``errors``: what is wrong with it, code first (``4: SE-01 counts 9, not 8``)."""

    kind: str
    control: str
    verdict: Verdict
    errors: list[str] = field(default_factory=list)


class Acknowledgement(Struct):
    """A 997 or CONTRL. ``interchange_control`` and ``group_control`` (empty in CONTRL) are those of what is
    acknowledged; ``sender`` sent that. ``text`` is the interchange to send back, empty where it was received.
    """

    acknowledgement_id: str
    feed: str
    direction: Direction
    syntax: str
    sender: str
    receiver: str
    interchange_control: str
    group_control: str
    verdict: Verdict
    messages: list[MessageVerdict]
    text: str
    acknowledged_at: int
    topic: str
    partition: int
    offset: int
