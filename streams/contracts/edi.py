"""EDI sent, received and acknowledged: the values of ``edi.interchanges``, ``edi.receipts``, ``edi.acknowledgements``
and ``edi.state``. Times are UTC milliseconds. Element numbers are those of ASC X12 and UN/EDIFACT (ISO 9735).
"""

from __future__ import annotations

from msgspec import Struct, field

from streams.kernel.vocabulary import Direction, Verdict


class MessageVerdict(Struct, frozen=True, array_like=True):
    """The verdict on one transaction set or message. ``errors``: code first, such as ``4: SE-01 counts 9, not 8``
    (X12 718, 720; EDIFACT 0085)."""

    kind: str
    control: str
    verdict: Verdict
    errors: list[str] = field(default_factory=list)


class Acknowledgement(Struct):
    """A 997 or CONTRL. ``interchange_control`` and ``group_control`` (empty in CONTRL) are those of the acknowledged
    interchange, ``sender`` and ``receiver`` too. ``text``: the interchange to send back, empty for a received one.
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
    """Describes EDI that we sent a partner and expect to be acknowledged: an interchange (EDIFACT) or one functional
    group (X12). ``kind``: set or message type; ``about``: its subject, for people."""

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
    """One interchange of ours and its acknowledgement, whichever came first. ``verdict`` counts once
    ``acknowledged_at`` is set. ``unacknowledged_since`` and ``is_rejected``: the open alerts."""

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
    """Consecutive control numbers of sets or messages, without leading zeros; one that is not numeric is a run of its
    own."""

    first: str
    last: str


class EdiReceipt(Struct):
    """Control numbers that one delivery brought first. ``sender``: ISA-06, UNB-02; ``interchange_control``: ISA-13,
    UNB-05; ``group_control``: GS-06, empty in EDIFACT. ``topic``, ``partition``, ``offset``: its raw record.
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
