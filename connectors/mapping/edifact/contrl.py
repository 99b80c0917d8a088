"""Builds CONTRL acknowledgements of received interchanges and maps partners' CONTRL (UN/EDIFACT, syntax version 3).

Each interchange gets one, unless it holds only CONTRL messages. A CONTRL is a function of the interchange and the time
of receipt, so that the same bytes give the same CONTRL. The id is a digest of the whole interchange, because partners
reuse references.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from connectors.formats.edifact import Interchange, Message, Segment, at
from streams.contracts.ids import digest
from streams.contracts.model import Acknowledgement, MessageVerdict
from streams.intake.adapter import RawContext
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import Direction, RejectReason, Verdict

_CONTRL = "CONTRL"
_REJECTED, _TAKEN = "4", "7"
_VERDICTS = {"4": Verdict.REJECTED, "7": Verdict.ACCEPTED, "8": Verdict.ACCEPTED}
_NOT_SUPPORTED, _INVALID = "14", "12"
RejectedMessages = Mapping[int, tuple[Reject, bool]]


def acknowledge_interchanges(
    feed: str, messages: Iterable[Message], rejected: RejectedMessages, context: RawContext
) -> list[Acknowledgement]:
    """Return one acknowledgement per interchange. ``rejected``: index of a message -> (reject, whether wholly)."""
    found: dict[int, list[tuple[Message, MessageVerdict]]] = {}
    for index, one in enumerate(messages):
        if one.kind != _CONTRL:
            found.setdefault(id(one.interchange), []).append((one, _verdict(one, rejected.get(index))))
    return [
        _acknowledge_interchange(feed, messages_with_verdicts, place, context)
        for place, messages_with_verdicts in enumerate(found.values())
    ]


def _content_of(one: Message) -> list[str]:
    """Return the type, release, control number and segments of a message, for the digest of its id."""
    return [one.kind, one.release, one.control, *map(_segment_text, one.segments)]


def _segment_text(segment: Segment) -> str:
    return "+".join(map(":".join, segment))


def received(feed: str, one: Message, context: RawContext) -> Acknowledgement:
    """Map a partner's CONTRL. Raises Reject ``contract_broken`` without a UCI."""
    uci = next((segment for segment in one.segments if segment[0][0] == "UCI"), None)
    if uci is None:
        raise Reject(RejectReason.CONTRACT_BROKEN, f"CONTRL {one.control} without a UCI", "UCI")
    messages = [
        MessageVerdict(
            at(ucm, 2), at(ucm, 1), _VERDICTS.get(at(ucm, 3), Verdict.REJECTED),
            [f"{at(ucm, 4)}: {at(ucm, 5)}".rstrip(": ")] if at(ucm, 4) else [],
        )
        for ucm in one.segments if ucm[0][0] == "UCM"
    ]
    verdict = _VERDICTS.get(at(uci, 4), Verdict.REJECTED)
    if verdict is Verdict.ACCEPTED and any(each.verdict is Verdict.REJECTED for each in messages):
        verdict = Verdict.PARTLY_ACCEPTED
    unb = one.interchange.unb
    identity = digest("received", feed, _segment_text(unb), *_content_of(one))
    return Acknowledgement(
        identity, feed, Direction.RECEIVED, "edifact", at(uci, 2), at(uci, 3), at(uci, 1), "", verdict, messages, "",
        context.received_at, context.topic, context.partition, context.offset,
    )


def _verdict(one: Message, rejected: tuple[Reject, bool] | None) -> MessageVerdict:
    errors, kind = list(one.faults), f"{one.kind}:{one.release}"
    if rejected is None:
        return MessageVerdict(kind, one.control, Verdict.ACCEPTED_WITH_ERRORS if errors else Verdict.ACCEPTED, errors)
    reject, entirely = rejected
    code = _NOT_SUPPORTED if reject.reason is RejectReason.UNSUPPORTED_MESSAGE else _INVALID
    errors.append(f"{code}: {reject.detail}")
    verdict = Verdict.REJECTED if entirely else Verdict.ACCEPTED_WITH_ERRORS
    return MessageVerdict(kind, one.control, verdict, errors)


def _acknowledge_interchange(
    feed: str, messages_with_verdicts: list[tuple[Message, MessageVerdict]], place: int, context: RawContext
) -> Acknowledgement:
    interchange = messages_with_verdicts[0][0].interchange
    messages = [verdict for _, verdict in messages_with_verdicts]
    unb = interchange.unb
    verdict = _overall_verdict(messages, interchange)
    content = (part for one, _ in messages_with_verdicts for part in _content_of(one))
    identity = digest("sent", feed, str(place), _segment_text(unb), *content)
    return Acknowledgement(
        identity, feed, Direction.SENT, "edifact", at(unb, 2), at(unb, 3), at(unb, 5), "", verdict, messages,
        _text(unb, messages, interchange, verdict, identity, context), context.received_at, context.topic,
        context.partition, context.offset,
    )


def _overall_verdict(messages: list[MessageVerdict], interchange: Interchange) -> Verdict:
    verdicts = {one.verdict for one in messages}
    if verdicts == {Verdict.REJECTED}:
        return Verdict.REJECTED
    if Verdict.REJECTED in verdicts:
        return Verdict.PARTLY_ACCEPTED
    clean = verdicts == {Verdict.ACCEPTED} and not interchange.faults
    return Verdict.ACCEPTED if clean else Verdict.ACCEPTED_WITH_ERRORS


def _text(
    unb: Segment, messages: list[MessageVerdict], interchange: Interchange, verdict: Verdict, identity: str,
    context: RawContext,
) -> str:
    made = datetime.fromtimestamp(context.received_at / 1000, UTC)
    reference = f"{int(identity[:14], 16) % 10**14:014}"
    code, _, words = interchange.faults[0].partition(": ") if interchange.faults else ("", "", "")
    action = _REJECTED if verdict is Verdict.REJECTED else _TAKEN
    uci = f"UCI+{_escaped(at(unb, 5))}+{_party(unb, 2)}+{_party(unb, 3)}+{action}"
    body = [f"{uci}+{code}+{words.partition(' ')[0]}" if code else uci]
    for one in messages:
        if one.verdict is not Verdict.ACCEPTED:
            action = _REJECTED if one.verdict is Verdict.REJECTED else _TAKEN
            code = one.errors[0].partition(":")[0] if one.errors else ""
            kind = ":".join(map(_escaped, one.kind.split(":")))
            body.append(f"UCM+{_escaped(one.control)}+{kind}:UN+{action}" + (f"+{code}" if code else ""))
    charset = at(unb, 1) or "UNOA"
    segments = [
        f"UNB+{charset}:3+{_party(unb, 3)}+{_party(unb, 2)}+{made:%y%m%d}:{made:%H%M}+{reference}",
        "UNH+1+CONTRL:D:3:UN", *body, f"UNT+{len(body) + 2}+1", f"UNZ+1+{reference}",
    ]
    return "UNA:+.? '" + "".join(f"{segment}'" for segment in segments)


def _party(unb: Segment, element: int) -> str:
    return ":".join(_escaped(part) for part in unb[element]) if element < len(unb) else ""


def _escaped(text: str) -> str:
    return "".join(f"?{letter}" if letter in "?'+:" else letter for letter in text.strip())
