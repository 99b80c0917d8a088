"""Builds 997 functional acknowledgements of received groups (ASC X12 004010, transaction set 997).

Each functional group gets one; 997 and 999 sets are never acknowledged. A 997 is a function of the group and the time
of receipt, so that the same bytes give the same 997. The id is a digest of the whole group, because partners reuse
control numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache

from connectors.formats.x12 import Group, TransactionSet
from connectors.mapping.values.times import is_digits
from streams.contracts.ids import digest
from streams.contracts.model import Acknowledgement, MessageVerdict
from streams.intake.adapter import RawContext
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import Direction, RejectReason, Verdict

_NEVER_ACKNOWLEDGED = frozenset({"997", "999"})
_VERDICT_CODES = {
    Verdict.ACCEPTED: "A", Verdict.ACCEPTED_WITH_ERRORS: "E", Verdict.PARTLY_ACCEPTED: "P", Verdict.REJECTED: "R",
}
_NOT_SUPPORTED, _IN_ERROR = "1", "5"
RejectedSets = Mapping[int, tuple[Reject, bool]]


def acknowledge_groups(
    feed: str, sets: Iterable[TransactionSet], rejected: RejectedSets, context: RawContext
) -> list[Acknowledgement]:
    """Return one acknowledgement per group. ``rejected``: index of a set -> (reject, whether the whole set was)."""
    groups: dict[int, list[tuple[TransactionSet, MessageVerdict]]] = {}
    for index, one in enumerate(sets):
        if one.code not in _NEVER_ACKNOWLEDGED:
            groups.setdefault(id(one.group), []).append((one, _verdict(one, rejected.get(index))))
    return [
        _acknowledge_group(feed, sets_with_verdicts, place, context)
        for place, sets_with_verdicts in enumerate(groups.values())
    ]


def content_of(one: TransactionSet) -> list[str]:
    """Return the code, control number and segments of a set, for the digest of its id."""
    return [one.code, one.control, *map("*".join, one.segments)]


def _verdict(one: TransactionSet, rejected: tuple[Reject, bool] | None) -> MessageVerdict:
    errors = list(one.faults)
    if rejected is None:
        verdict = Verdict.ACCEPTED_WITH_ERRORS if errors else Verdict.ACCEPTED
        return MessageVerdict(one.code, one.control, verdict, errors)
    reject, entirely = rejected
    code = _NOT_SUPPORTED if reject.reason is RejectReason.UNSUPPORTED_MESSAGE else _IN_ERROR
    errors.append(f"{code}: {reject.detail}")
    verdict = Verdict.REJECTED if entirely else Verdict.ACCEPTED_WITH_ERRORS
    return MessageVerdict(one.code, one.control, verdict, errors)


def _acknowledge_group(
    feed: str, sets_with_verdicts: list[tuple[TransactionSet, MessageVerdict]], place: int, context: RawContext
) -> Acknowledgement:
    group = sets_with_verdicts[0][0].group
    messages = [verdict for _, verdict in sets_with_verdicts]
    isa, gs = group.isa, group.gs
    verdict = _overall_verdict(messages, group)
    content = (part for one, _ in sets_with_verdicts for part in content_of(one))
    identity = digest("sent", feed, str(place), *isa, *gs, *content)
    return Acknowledgement(
        identity, feed, Direction.SENT, "x12", _at(isa, 6), _at(isa, 8), _at(isa, 13), _at(gs, 6), verdict, messages,
        _text(isa, gs, group, messages, verdict, identity, context), context.received_at, context.topic,
        context.partition, context.offset,
    )


def _overall_verdict(messages: list[MessageVerdict], group: Group) -> Verdict:
    verdicts = {one.verdict for one in messages}
    if verdicts == {Verdict.REJECTED}:
        return Verdict.REJECTED
    if Verdict.REJECTED in verdicts:
        return Verdict.PARTLY_ACCEPTED
    clean = verdicts == {Verdict.ACCEPTED} and not group.faults
    return Verdict.ACCEPTED if clean else Verdict.ACCEPTED_WITH_ERRORS


def _text(
    isa: list[str], gs: list[str], group: Group, messages: list[MessageVerdict], verdict: Verdict, identity: str,
    context: RawContext,
) -> str:
    short_day, day, clock = _stamps(context.received_at)
    control = f"{int(identity[:12], 16) % 1_000_000_000:09}"
    taken = sum(one.verdict is not Verdict.REJECTED for one in messages)
    body = [f"AK1*{_at(gs, 1)}*{_at(gs, 6)}"]
    for one in messages:
        body += [f"AK2*{one.kind}*{one.control}", f"AK5*{_VERDICT_CODES[one.verdict]}{_codes(one.errors)}"]
    claimed = group.counted if group.counted and is_digits(group.counted) else str(len(messages))
    body.append(f"AK9*{_VERDICT_CODES[verdict]}*{claimed}*{len(messages)}*{taken}{_codes(group.faults)}")
    version = _at(gs, 8) or "004010"
    segments = [
        f"ISA*00*{'':10}*00*{'':10}*{_at(isa, 7):2.2}*{_at(isa, 8):15.15}*{_at(isa, 5):2.2}*{_at(isa, 6):15.15}"
        f"*{short_day}*{clock}*U*{_at(isa, 12) or '00401'}*{control}*0*{_at(isa, 15) or 'P'}*>",
        f"GS*FA*{_at(gs, 3)}*{_at(gs, 2)}*{day}*{clock}*{int(control)}*X*{version}",
        "ST*997*0001", *body, f"SE*{len(body) + 2}*0001", f"GE*1*{int(control)}", f"IEA*1*{control}",
    ]
    return "".join(f"{segment}~" for segment in segments)


@lru_cache(maxsize=64)
def _stamps(at_ms: int) -> tuple[str, str, str]:
    """Return a time (ms UTC) as YYMMDD, YYYYMMDD and HHMM."""
    made = datetime.fromtimestamp(at_ms / 1000, UTC)
    return f"{made:%y%m%d}", f"{made:%Y%m%d}", f"{made:%H%M}"


def _codes(faults: list[str]) -> str:
    return "".join(f"*{fault.partition(':')[0]}" for fault in faults[:5])


def _at(segment: list[str], index: int) -> str:
    return segment[index] if index < len(segment) else ""
