"""Decides about a queue: messages to one destination about one shipment of an order, or one order, one after the other.

It keeps what was sent of each update and compares it with what is to stand, so that a repeat is not sent, and an update
that is corrected or taken back before its first attempt is sent once or not at all. A message that was attempted may
have arrived, even unanswered: what comes after it is a message of its own. Messages with a subject that wait when the
first of them is attempted are sent in one, and stay together in each attempt. An attempt whose answer does not come is
asked for again, as the same attempt: the first answer counts. Times are UTC ms.
"""

from __future__ import annotations

from hashlib import blake2b

from msgspec.structs import replace

from streams.contracts.outbound import (
    NewMessage,
    OutboundAttempt,
    OutboundDecision,
    OutboundMessage,
    OutboundOutcome,
    OutboundQueue,
    SentMessage,
)
from streams.contracts.recipients import PastMessage
from streams.kernel.outbound_vocabulary import AttemptResult, DecisionKind, OutboundStatus
from streams.kernel.vocabulary import Correction
from streams.outbound.policy import Policy, pause

Told = tuple[OutboundQueue, list[OutboundOutcome]]
_ENDS = {
    AttemptResult.ACCEPTED: OutboundStatus.SENT, AttemptResult.DRY_RUN: OutboundStatus.DRY_RUN,
    AttemptResult.IGNORED: OutboundStatus.IGNORED,
}
MOST_TOGETHER = 50
"""Messages that are sent in one."""


def new(message: NewMessage, now_ms: int) -> OutboundQueue:
    """A queue nothing was said on."""
    return OutboundQueue(message.destination, message.owner, message.queue, now_ms)


def with_message(
    queue: OutboundQueue, message: NewMessage, policy: Policy, now_ms: int, gather_ms: int = 0, *,
    dry_run: bool = False,
) -> Told:
    """The queue with a message queued, or left out because it says nothing new, and what became of others.

    ``gather_ms``: how long one with a subject waits for others. ``dry_run``: it will be recorded, as others before it.
    Where messages are sent, what was only recorded counts as never told.
    """
    next_at = now_ms + gather_ms if message.subject and gather_ms else None
    return _ready(queue, *_queued(queue, message, digest_of(message), policy, now_ms, next_at, None, dry_run), now_ms)


def recorded(queue: OutboundQueue, now_ms: int) -> Told:
    """The queue with what waits recorded as sent in a dry run, up to a message that has to wait."""
    outcomes = list[OutboundOutcome]()
    while queue.waiting and queue.ready_since is not None:
        first, *rest = queue.waiting
        queue, ended = _done(queue, [first], rest, None, OutboundStatus.DRY_RUN, now_ms)
        outcomes += ended
    return queue, outcomes


def sent_again(queue: OutboundQueue, message: PastMessage, now_ms: int) -> Told:
    """The queue with a message that was done with queued once more, as it was; unchanged while it waits."""
    if any(one.message_id == message.message_id for one in queue.waiting):
        return queue, []
    again = OutboundMessage(
        message.message_id, message.source_id, message.kind, message.correction, "", message.body, message.queued_at,
        message.attempts, message.queued_at, again=True,
    )
    return _ready(queue, [*queue.waiting, again], [_outcome(queue, again, OutboundStatus.WAITING, now_ms)], now_ms)


def attempted(
    queue: OutboundQueue, policy: Policy, now_ms: int
) -> tuple[OutboundQueue, list[OutboundMessage], list[OutboundOutcome]]:
    """The queue with an attempt of its first message under way; that message and those sent in one with it; and what
    became of those that a later one is told in place of."""
    if queue.waiting[0].attempts:
        together, rest = _under_way(queue)
        skipped = list[OutboundMessage]()
    else:
        count = _together(queue.waiting)
        together, skipped = _latest(queue.waiting[:count])
        rest = queue.waiting[count:]
    first = together[0]
    begun = [
        replace(
            one, sending=True, attempts=one.attempts + 1,
            next_at=now_ms + policy.answer_within if one is first else None,
            first_at=now_ms if one.first_at is None else one.first_at,
            sent_with="" if one is first else first.message_id,
        )
        for one in together
    ]
    sent = [*queue.sent, *(SentMessage(one.source_id, one.digest, True, 0, now_ms, told=False) for one in skipped)]
    gone = {one.source_id for one in skipped}
    after = replace(
        queue, waiting=[*begun, *rest], ready_since=None, changed_at=now_ms,
        sent=[*(one for one in queue.sent if one.source_id not in gone), *sent[len(queue.sent):]],
    )
    return after, begun, [_outcome(queue, one, OutboundStatus.WITHDRAWN, now_ms) for one in skipped]


def is_under_way(queue: OutboundQueue) -> bool:
    """Whether an attempt was asked for and is not answered."""
    return bool(queue.waiting) and queue.waiting[0].sending


def is_overdue(queue: OutboundQueue, policy: Policy, now_ms: int) -> bool:
    """Whether the answer to the attempt under way should have come."""
    at = next_due(queue, policy)
    return is_under_way(queue) and at is not None and at <= now_ms


def asked_again(queue: OutboundQueue, policy: Policy, now_ms: int) -> tuple[OutboundQueue, list[OutboundMessage]]:
    """The queue whose attempt under way is asked for once more; its first message and those sent in one with it."""
    together, _ = _under_way(queue)
    first = together[0]
    age = now_ms - (now_ms if first.first_at is None else first.first_at)
    wait = min(max(policy.answer_within, age), max(policy.answer_within, policy.longest_answer))
    return patient(queue, now_ms + wait), together


def patient(queue: OutboundQueue, until_ms: int) -> OutboundQueue:
    """The queue that waits until then for the answer to the attempt under way."""
    first, *rest = queue.waiting
    return replace(queue, waiting=[replace(first, next_at=until_ms), *rest])


def postponed(queue: OutboundQueue, until_ms: int, now_ms: int) -> Told:
    """The queue that is not to be sent from before then."""
    first, *rest = queue.waiting
    waits = replace(first, next_at=until_ms)
    after = replace(queue, waiting=[waits, *rest], ready_since=None)
    return after, [] if first.attempts else [_outcome(after, waits, OutboundStatus.WAITING, now_ms)]


def is_answer(queue: OutboundQueue, attempt: OutboundAttempt) -> bool:
    """Whether the attempt is the one under way; another was answered before."""
    first = queue.waiting[0] if queue.waiting else None
    return (
        first is not None and first.sending
        and (first.message_id, first.attempts) == (attempt.message_id, attempt.attempt)
    )


def answered(queue: OutboundQueue, attempt: OutboundAttempt, policy: Policy, now_ms: int) -> Told:
    """The queue after the attempt under way ended."""
    together, rest = _under_way(queue)
    first = together[0]
    refusals = 0 if first.again else len(policy.refused_retries)
    if attempt.result in _ENDS:
        return _done(queue, together, rest, attempt, _ENDS[attempt.result], now_ms)
    if attempt.result is AttemptResult.REFUSED and policy.holds:
        held = [replace(one, sending=False, held=True, next_at=None) for one in together]
        after = replace(queue, waiting=[*held, *rest], ready_since=None, changed_at=now_ms)
        return after, [_outcome(after, one, OutboundStatus.HELD, now_ms, attempt) for one in held]
    if attempt.result is AttemptResult.REFUSED and first.attempts > refusals:
        return _done(queue, together, rest, attempt, OutboundStatus.REFUSED, now_ms)
    if attempt.result is AttemptResult.REFUSED:
        wait = policy.refused_retries[first.attempts - 1]
    else:
        wait = pause(policy, first.message_id, first.attempts)
    asked = attempt.retry_at if attempt.result is AttemptResult.UNAVAILABLE else None
    next_at = max(now_ms + wait, asked or 0)
    waiting = [replace(one, sending=False, next_at=next_at) for one in together]
    after = replace(queue, waiting=[*waiting, *rest], ready_since=None, changed_at=now_ms)
    return after, [_outcome(after, one, OutboundStatus.RETRYING, now_ms, attempt) for one in waiting]


def decided(queue: OutboundQueue, decision: OutboundDecision, now_ms: int) -> Told | None:
    """The queue after a person decided about its first message; None where that is another by now, or under way. Only
    what is held can be given up: anything else may be in effect."""
    first = queue.waiting[0] if queue.waiting else None
    if first is None or first.sending or first.message_id != decision.message_id:
        return None
    rest = queue.waiting[1:]
    said = f"{decision.decision.value} by {decision.by}" + (f": {decision.reason}" if decision.reason else "")
    if decision.decision is DecisionKind.RETRY:
        again = replace(first, held=False, next_at=None)
        after = replace(queue, waiting=[again, *rest], ready_since=now_ms, changed_at=now_ms)
        return after, [replace(_outcome(after, again, OutboundStatus.WAITING, now_ms), detail=said)]
    if not first.held:
        return None
    taken_back = [
        one for one in rest
        if one.source_id == first.source_id and one.correction is Correction.RETRACTS
    ]
    after, outcomes = _done(
        queue, [first], [one for one in rest if one not in taken_back], None, OutboundStatus.GIVEN_UP, now_ms
    )
    gone = [_outcome(queue, one, OutboundStatus.WITHDRAWN, now_ms) for one in taken_back]
    return after, [*(replace(one, detail=said) for one in outcomes), *gone]


def due(queue: OutboundQueue, now_ms: int) -> OutboundQueue:
    """The queue with its first message ready, where the time it waited for has come."""
    first = queue.waiting[0] if queue.waiting else None
    if first is None or first.sending or first.held or (first.next_at or 0) > now_ms:
        return queue
    waiting = [replace(first, next_at=None), *queue.waiting[1:]]
    return replace(queue, waiting=waiting, ready_since=queue.ready_since or now_ms)


def withdrawn(queue: OutboundQueue, now_ms: int, *, under_way: bool = False) -> Told:
    """The queue of a destination that was removed: what waits is not sent. ``under_way``: nor is the answer to what
    was asked for waited for."""
    kept = [] if under_way else [one for one in queue.waiting if one.sending]
    outcomes = [_outcome(queue, one, OutboundStatus.WITHDRAWN, now_ms) for one in queue.waiting if one not in kept]
    return replace(queue, waiting=kept, ready_since=None, changed_at=now_ms), outcomes


def next_due(queue: OutboundQueue, policy: Policy) -> int | None:
    """When the clock changes the queue: a retry, an answer that did not come, or that it is forgotten; None where
    something else has to come."""
    if not queue.waiting:
        return queue.changed_at + policy.remembered
    first = queue.waiting[0]
    return queue.changed_at + policy.answer_within if first.sending and first.next_at is None else first.next_at


def is_forgotten(queue: OutboundQueue, policy: Policy, now_ms: int) -> bool:
    """Whether nothing waits and nothing was sent for so long that no correction is to be expected."""
    return not queue.waiting and queue.changed_at + policy.remembered <= now_ms


def digest_of(message: NewMessage) -> str:
    """Digest of the content: BLAKE2b-64, 16 hex digits."""
    return blake2b(f"{message.kind}\x1f{message.body}".encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _together(waiting: list[OutboundMessage]) -> int:
    """How many of the first messages may be sent in one."""
    if not waiting[0].subject:
        return 1
    count = 0
    for one in waiting[:MOST_TOGETHER]:
        if not one.subject or one.attempts:
            break
        count += 1
    return count


def _latest(messages: list[OutboundMessage]) -> tuple[list[OutboundMessage], list[OutboundMessage]]:
    """Those to tell, and those left out: of new ones about the same subject, all but the latest. Corrections of what
    was told are told."""
    latest: dict[str, tuple[int, int]] = {}
    for at, one in enumerate(messages):
        if one.subject and one.correction is Correction.NEW:
            latest[one.subject] = max(latest.get(one.subject, (one.moment, at)), (one.moment, at))
    kept, skipped = list[OutboundMessage](), list[OutboundMessage]()
    for at, one in enumerate(messages):
        is_told = not one.subject or one.correction is not Correction.NEW or latest[one.subject][1] == at
        (kept if is_told else skipped).append(one)
    return kept, skipped


def _under_way(queue: OutboundQueue) -> tuple[list[OutboundMessage], list[OutboundMessage]]:
    """The first message with those sent in one with it, and the others."""
    first = queue.waiting[0]
    count = 1
    while count < len(queue.waiting) and queue.waiting[count].sent_with == first.message_id:
        count += 1
    return queue.waiting[:count], queue.waiting[count:]


def _queued(
    queue: OutboundQueue, message: NewMessage, digest: str, policy: Policy, now_ms: int, next_at: int | None,
    place: int | None, dry_run: bool,
) -> tuple[list[OutboundMessage], list[OutboundOutcome]]:
    """The messages that wait after it, and the outcomes. ``place``: where the message was that it replaces before any
    attempt."""
    same = [
        (at, one) for at, one in enumerate(queue.waiting) if one.source_id == message.source_id and not one.again
    ]
    sent = next((one for one in queue.sent if one.source_id == message.source_id), None)
    takes_back = message.correction is Correction.RETRACTS
    told = sent if sent is not None and (dry_run or not sent.dry_run) else None
    standing = _standing([one for _, one in same], told)
    is_unknown = not same and sent is None and place is None
    if standing == (None if takes_back else digest) and not (takes_back and is_unknown and policy.holds):
        return queue.waiting, []
    is_untold = not same and (told is None or not told.told)
    if is_untold and (message.is_past or (takes_back and not (is_unknown and policy.holds))):
        return queue.waiting, []
    if same and not same[-1][1].attempts and not (takes_back and message.told_apart):
        at, unsent = same[-1]
        reduced = replace(queue, waiting=[*queue.waiting[:at], *queue.waiting[at + 1:]])
        waiting, outcomes = _queued(
            reduced, replace(message, is_past=False), digest, policy, now_ms, unsent.next_at, at, dry_run
        )
        replaced = any(one.message_id == unsent.message_id for one in waiting)
        gone = [] if replaced else [_outcome(queue, unsent, OutboundStatus.WITHDRAWN, now_ms)]
        return waiting, [*gone, *outcomes]
    times = (0 if sent is None else sent.times) + len(same)
    is_correction = bool(same) or (told is not None and told.times > 0)
    correction = Correction.RETRACTS if takes_back else Correction.REPLACES if is_correction else Correction.NEW
    queued = OutboundMessage(
        _message_id(message, times), message.source_id, message.kind, correction, digest, message.body, now_ms,
        next_at=next_at, subject=message.subject, moment=message.moment, about=list(message.about),
    )
    waiting = list(queue.waiting)
    waiting.insert(_place(waiting, message) if place is None else place, queued)
    return waiting, [_outcome(queue, queued, OutboundStatus.WAITING, now_ms)]


def _place(waiting: list[OutboundMessage], message: NewMessage) -> int:
    """Where the message goes: to the end, or ahead of those there that it goes ahead of."""
    at = len(waiting)
    while at and waiting[at - 1].kind in message.ahead_of and not waiting[at - 1].attempts:
        at -= 1
    return at


def _standing(waiting: list[OutboundMessage], sent: SentMessage | None) -> str | None:
    """The digest of what the destination holds for true once all is sent; None: nothing."""
    if waiting:
        return None if waiting[-1].correction is Correction.RETRACTS else waiting[-1].digest
    return sent.digest if sent is not None and sent.standing else None


def _message_id(message: NewMessage, times: int) -> str:
    parts = "\x1f".join((message.destination, message.queue, message.source_id, str(times)))
    return "msg_" + blake2b(parts.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _ready(
    queue: OutboundQueue, waiting: list[OutboundMessage], outcomes: list[OutboundOutcome], now_ms: int
) -> Told:
    if waiting is queue.waiting:
        return queue, outcomes
    is_ready = bool(waiting) and not (waiting[0].sending or waiting[0].held) and waiting[0].next_at is None
    since = queue.ready_since if queue.ready_since is not None else now_ms
    return replace(queue, waiting=waiting, ready_since=since if is_ready else None, changed_at=now_ms), outcomes


def _done(
    queue: OutboundQueue, together: list[OutboundMessage], rest: list[OutboundMessage], attempt: OutboundAttempt | None,
    status: OutboundStatus, now_ms: int,
) -> Told:
    sent = queue.sent
    for one in together:
        if not one.again:
            sent = _ended(sent, one, status, now_ms, is_recorded=status is OutboundStatus.DRY_RUN and attempt is None)
    after = replace(
        queue, waiting=rest, sent=sent, changed_at=now_ms,
        ready_since=now_ms if rest and rest[0].next_at is None else None,
    )
    return after, [_outcome(after, one, status, now_ms, attempt) for one in together]


def _ended(
    sent: list[SentMessage], message: OutboundMessage, status: OutboundStatus, now_ms: int, *, is_recorded: bool
) -> list[SentMessage]:
    before = next((one for one in sent if one.source_id == message.source_id), None)
    is_said = status in _ENDS.values()
    stands = is_said and message.correction is not Correction.RETRACTS
    if not is_said and before is not None and before.standing:
        ended = replace(before, times=before.times + 1, ended_at=now_ms)
    else:
        times = 1 if before is None else before.times + 1
        ended = SentMessage(message.source_id, message.digest, stands, times, now_ms, dry_run=is_recorded)
    return [*(one for one in sent if one.source_id != message.source_id), ended]


def _outcome(
    queue: OutboundQueue, message: OutboundMessage, status: OutboundStatus, now_ms: int,
    attempt: OutboundAttempt | None = None,
) -> OutboundOutcome:
    return OutboundOutcome(
        message.message_id, message.source_id, queue.destination, queue.owner, queue.queue, message.kind,
        message.correction, status, message.attempts, message.queued_at, now_ms, message.next_at,
        None if attempt is None else attempt.code, "" if attempt is None else attempt.detail, message.about,
        message.sent_with,
    )
