"""The engine of what goes out: messages, answers and people's settings in; attempts to make and outcomes out.

Its state are queues (``message_queue.py``) and destinations (``destination.py``). Each call gets all records it may
change; of a destination with messages that only wait for their turn, also some of those queues, the longest waiting
first. Times are UTC ms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain

from msgspec import Struct, field
from msgspec.structs import replace

from streams.contracts.outbound import (
    EndpointSetting,
    NewMessage,
    OptOut,
    OutboundAttempt,
    OutboundDecision,
    OutboundDestination,
    OutboundMessage,
    OutboundOutcome,
    OutboundQueue,
    OutboundRequest,
    SendAgain,
)
from streams.kernel.outbound_vocabulary import OutboundStatus
from streams.kernel.step_result import StepResult
from streams.outbound import destination as destinations
from streams.outbound import message_queue as queues
from streams.outbound.policy import SECOND, Policy
from streams.outbound.quiet import quiet_until

Record = OutboundQueue | OutboundDestination
Input = NewMessage | OutboundAttempt | OutboundDecision | EndpointSetting | OptOut | SendAgain
Render = Callable[[Sequence[OutboundMessage]], str]
"""Makes the body that is sent of a message, or of several in one."""
QUEUE, DESTINATION = "queue:", "destination:"


class OutboundOutputs(Struct):
    """Attempts to make, and what became of messages."""

    requests: list[OutboundRequest] = field(default_factory=list)
    outcomes: list[OutboundOutcome] = field(default_factory=list)


def _uncounted(destination: str) -> int | None:
    del destination
    return None


class Known(Struct):
    """The records a call may change, by key. ``ready``: destination -> keys of queues that wait for their turn, the
    longest waiting first. ``under_way``: how many queues of a destination have an attempt under way; None: not known
    better than by the destination's record."""

    queues: Mapping[str, OutboundQueue]
    destinations: Mapping[str, OutboundDestination]
    ready: Mapping[str, Sequence[str]] = field(default_factory=dict)
    under_way: Callable[[str], int | None] = _uncounted


def queue_key(destination: str, queue: str) -> str:
    """The key of a queue's record."""
    return f"{QUEUE}{destination}:{queue}"


def destination_key(destination: str) -> str:
    """The key of a destination's record."""
    return f"{DESTINATION}{destination}"


def take_in(
    chunk: Sequence[Input], known: Known, policy: Policy, render: Render, now_ms: int
) -> StepResult[OutboundOutputs, Record | None]:
    """Take in a chunk.

    ``counts``: of messages queued (something is to be sent, or no longer) and repeats; attempts by result, and ``late``
    those nobody waits for any more (so with decisions of people); ``decided``; ``set``; ``opted_out``; ``again``.
    """
    work = _Work(known, policy, render, now_ms)
    answered: dict[str, list[str]] = {}
    for item in chunk:
        match item:
            case NewMessage():
                work.queue(item)
            case OutboundAttempt():
                if work.answer(item):
                    key = queue_key(item.destination, item.queue)
                    answered.setdefault(item.destination, []).append(key)
            case OutboundDecision():
                work.decide(item)
            case EndpointSetting():
                work.set(item)
            case OptOut():
                work.opt_out(item)
            case SendAgain():
                work.send_again(item)
    for destination, keys in answered.items():
        work.begin(destination, chain(known.ready.get(destination, ()), keys))
    return work.result()


def look_at(
    keys: Sequence[str], known: Known, policy: Policy, render: Render, now_ms: int
) -> StepResult[OutboundOutputs, Record | None]:
    """Do what the clock brings about for these records: retries, trials, attempts whose answer did not come, and to
    forget. ``counts``: ``forgotten``; ``asked_again``."""
    work = _Work(known, policy, render, now_ms)
    for key in keys:
        queue = work.queues.get(key)
        if queue is None:
            continue
        if queues.is_forgotten(queue, policy, now_ms):
            work.changed[key] = None
            work.counts["forgotten"] += 1
            continue
        if queues.is_overdue(queue, policy, now_ms):
            work.ask_again(key, queue)
            continue
        after = queues.due(queue, now_ms)
        if after is not queue:
            work.put(key, after, [])
            work.go_on(queue.destination, [key])
    for key in keys:
        if key.startswith(DESTINATION):
            work.go_on(key.removeprefix(DESTINATION))
    return work.result()


class _Work:
    """The records of one call as they change."""

    def __init__(self, known: Known, policy: Policy, render: Render, now_ms: int) -> None:
        self._known, self._policy, self._render, self._now = known, policy, render, now_ms
        self.queues = dict(known.queues)
        self.destinations = dict(known.destinations)
        self.changed: dict[str, Record | None] = {}
        self.counts = Counter[str]()
        self._out = OutboundOutputs()
        self._begun = Counter[str]()
        self._counted = set[str]()

    def queue(self, message: NewMessage) -> None:
        """Queue a message, and send it where it may go at once."""
        key = queue_key(message.destination, message.queue)
        self._know(message.destination, message.owner)
        queue = self.queues.get(key) or queues.new(message, self._now)
        recipient, is_dry_run = self.destinations[message.destination].recipient, self._is_dry_run(message.destination)
        gather = 0 if recipient is None else recipient.digest_seconds * SECOND
        after, outcomes = queues.with_message(queue, message, self._policy, self._now, gather, dry_run=is_dry_run)
        self.counts["queued" if outcomes else "repeats"] += 1
        if after is not queue:
            self.put(key, after, outcomes)
            self.begin(message.destination, [key])

    def answer(self, attempt: OutboundAttempt) -> bool:
        """Take in how an attempt ended; False where it is not the one under way."""
        key = queue_key(attempt.destination, attempt.queue)
        queue = self.queues.get(key)
        if queue is None or not queues.is_answer(queue, attempt):
            self.counts["late"] += 1
            return False
        self.counts[attempt.result.value] += 1
        self._know(attempt.destination, attempt.owner)
        after = destinations.answered(self.destinations[attempt.destination], attempt, self._policy, self._now)
        self.destinations[attempt.destination] = after
        self._begun[attempt.destination] -= 1
        self.put(key, *queues.answered(queue, attempt, self._policy, self._now))
        if after.removed:
            self._withdraw(key)
        return True

    def decide(self, decision: OutboundDecision) -> None:
        """Do what a person decided about the first message of a queue."""
        key = queue_key(decision.destination, decision.queue)
        queue = self.queues.get(key)
        told = None if queue is None else queues.decided(queue, decision, self._now)
        if queue is None or told is None:
            self.counts["late"] += 1
            return
        self.counts["decided"] += 1
        self._know(queue.destination, queue.owner)
        self.put(key, *told)
        self.begin(queue.destination, [key])

    def set(self, setting: EndpointSetting) -> None:
        """Take over what a person set."""
        self.counts["set"] += 1
        self._know(setting.destination, setting.owner)
        known = self.destinations[setting.destination]
        self.destinations[setting.destination] = destinations.configured(known, setting.endpoint, self._policy)
        self.go_on(setting.destination)

    def opt_out(self, item: OptOut) -> None:
        """Send the recipient nothing more."""
        self.counts["opted_out"] += 1
        self._know(item.destination, item.owner)
        self.destinations[item.destination] = destinations.opted_out(self.destinations[item.destination], self._now)

    def send_again(self, item: SendAgain) -> None:
        """Queue a message that was done with, unless its destination is gone."""
        self.counts["again"] += 1
        past = item.message
        key = queue_key(past.destination, past.queue)
        known = self.destinations.get(past.destination)
        queue = self.queues.get(key) or OutboundQueue(past.destination, item.owner, past.queue, self._now)
        after, outcomes = queues.sent_again(queue, past, self._now)
        if after is queue:
            return
        if known is None or known.removed:
            self._out.outcomes += [replace(one, status=OutboundStatus.WITHDRAWN) for one in outcomes]
            return
        self.put(key, after, outcomes)
        self.begin(past.destination, [key])

    def _know(self, destination: str, owner: str) -> None:
        if destination not in self.destinations:
            self.destinations[destination] = destinations.new(destination, owner, self._policy)

    def put(self, key: str, queue: OutboundQueue, outcomes: Iterable[OutboundOutcome]) -> None:
        """The queue as it is now."""
        self.queues[key] = self.changed[key] = queue
        self._out.outcomes += outcomes

    def begin(self, destination: str, keys: Iterable[str]) -> None:
        """Ask for attempts on these queues, in this order, as far as the destination lets them."""
        for key in keys:
            queue = self.queues.get(key)
            if queue is None or queue.ready_since is None:
                continue
            known = self.destinations[destination]
            if destinations.is_dry_run(known, self._policy):
                if destinations.is_open(known):
                    self.put(key, *queues.recorded(queue, self._now))
                continue
            until = quiet_until(known.recipient, self._now) if queue.waiting[0].subject else None
            if until is not None:
                self.put(key, *queues.postponed(queue, until, self._now))
                continue
            if not self._may_begin(destination):
                return
            begun, together, outcomes = queues.attempted(queue, self._policy, self._now)
            self.put(key, begun, outcomes)
            self._ask(queue, together, known)

    def ask_again(self, key: str, queue: OutboundQueue) -> None:
        """Ask once more for the attempt under way, where it may still be made."""
        known = self.destinations.get(queue.destination)
        if known is None or known.removed:
            self.put(key, *queues.withdrawn(queue, self._now, under_way=True))
            return
        quiet = quiet_until(known.recipient, self._now) if queue.waiting[0].subject else None
        if quiet is not None or not destinations.is_open(known) or destinations.is_dry_run(known, self._policy):
            self.put(key, queues.patient(queue, quiet or self._now + self._policy.answer_within), [])
            return
        after, together = queues.asked_again(queue, self._policy, self._now)
        self.put(key, after, [])
        self._ask(queue, together, known)
        self.counts["asked_again"] += 1

    def _ask(self, queue: OutboundQueue, together: Sequence[OutboundMessage], known: OutboundDestination) -> None:
        first = together[0]
        self._out.requests.append(OutboundRequest(
            first.message_id, queue.destination, queue.owner, queue.queue, first.kind,
            first.body if first.again else self._render(together), first.attempts, first.first_at or self._now,
            self._now, known.recipient,
        ))

    def _may_begin(self, destination: str) -> bool:
        """Whether one more attempt may begin, which then is counted. Before a no, counts what is under way."""
        after, may = destinations.asked(self.destinations[destination], self._now)
        if not may and destination not in self._counted:
            self._counted.add(destination)
            under_way = self._known.under_way(destination)
            if under_way is not None:
                now_under_way = max(0, under_way + self._begun[destination])
                known = destinations.counted(self.destinations[destination], now_under_way, self._now)
                after, may = destinations.asked(known, self._now)
                self.destinations[destination] = after
        if may:
            self.destinations[destination] = after
            self._begun[destination] += 1
        return may

    def _is_dry_run(self, destination: str) -> bool:
        return destinations.is_dry_run(self.destinations[destination], self._policy)

    def _withdraw(self, key: str) -> None:
        if (queue := self.queues.get(key)) is not None and queue.waiting:
            self.put(key, *queues.withdrawn(queue, self._now))

    def go_on(self, destination: str, keys: Iterable[str] | None = None) -> None:
        """Ask for attempts on these queues, by default on those that wait for their turn; of a destination that was
        removed, withdraw what waits, and come back while there may be more."""
        known = self.destinations.get(destination)
        if known is None:
            return
        ready = list(self._known.ready.get(destination, ()) if keys is None else keys)
        if not known.removed:
            self.begin(destination, ready)
            return
        for key in ready:
            self._withdraw(key)
        again = self._now if ready else None
        if known.retry_at != again:
            self.destinations[destination] = replace(known, retry_at=again, on_trial=False)

    def result(self) -> StepResult[OutboundOutputs, Record | None]:
        """All that changed."""
        changed: dict[str, Record | None] = {
            destination_key(name): one for name, one in self.destinations.items()
            if one is not self._known.destinations.get(name)
        }
        return StepResult(self._out, changed | self.changed, counts=dict(self.counts))
