"""What is sent, received and acknowledged of EDI: the values of ``edi.interchanges``, ``edi.receipts``,
``edi.acknowledgements`` and ``edi.state``. Times are UTC milliseconds.
"""

from __future__ import annotations

from msgspec import Struct, field

from streams.kernel.vocabulary import Direction, Verdict


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


class Interchange(Struct):
    """What we sent a partner and expect an acknowledgement of: an interchange, in X12 one functional group of it.
    ``kind``: set or message type; ``about``: what it is about, for people."""

    interchange_id: str
    feed: str
    syntax: str
    sender: str
    receiver: str
    interchange_control: str
    group_control: str
    kind: str
    about: str
    sent_at: int


class Exchange(Struct):
    """What is known of one interchange of ours and its acknowledgement, whichever came first. ``verdict`` counts once
    ``acknowledged_at`` is there. ``unacknowledged_since``, ``is_rejected``: the alerts that are open."""

    feed: str
    partner: str
    control: str
    kind: str = ""
    about: str = ""
    sent_at: int | None = None
    acknowledged_at: int | None = None
    verdict: Verdict = Verdict.ACCEPTED
    errors: list[str] = field(default_factory=list)
    unacknowledged_since: int | None = None
    is_rejected: bool = False


class ControlRun(Struct, frozen=True, array_like=True):
    """Control numbers of sets or messages that follow each other, without leading zeros; one that is no number stands
    alone, as first and last."""

    first: str
    last: str


class EdiReceipt(Struct):
    """Control numbers one delivery brought first. ``sender``: ISA-06, UNB-02; ``interchange_control``: ISA-13, UNB-05;
    ``group_control``: GS-06, empty in EDIFACT. ``topic``, ``partition``, ``offset``: where it lies.
    """

    feed: str
    sender: str
    interchange_control: str
    group_control: str
    sets: list[ControlRun]
    correlation_id: str
    received_at: int
    topic: str
    partition: int
    offset: int
