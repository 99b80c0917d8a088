"""The values of ``customer.subscriptions`` and of the topics that carry messages out: requests, attempts, outcomes and
the state of who sends. Times are UTC milliseconds."""

from __future__ import annotations

from msgspec import Struct, field

from streams.contracts.recipients import OrderOptIns, PastMessage, Recipient
from streams.kernel.outbound_vocabulary import AttemptResult, DecisionKind, OutboundStatus
from streams.kernel.vocabulary import Correction


class WebhookEndpoint(Struct, frozen=True):
    """An address of a customer that is told milestones. ``secrets``: encrypted, the newest first; requests are signed
    with each. ``milestones``: those to tell; none: all. ``paused``: messages are kept and none is sent. ``dry_run``:
    messages are recorded and none is sent."""

    endpoint_id: str
    url: str
    secrets: list[str]
    milestones: list[str] = field(default_factory=list)
    paused: bool = False
    enabled_at: int = 0
    description: str = ""
    dry_run: bool = False


class CustomerSubscriptions(Struct):
    """All endpoints and recipients of one customer, as the customer and people of ours set them."""

    customer_id: str
    endpoints: list[WebhookEndpoint]
    changed_at: int
    changed_by: str
    recipients: list[Recipient] = field(default_factory=list)


class OutboundRequest(Struct):
    """One attempt to be made. ``owner``: whose the destination is, the key; ``queue``: messages of one queue are sent
    one after the other; ``attempt``: 1 for the first; ``first_at``: when the first was asked for; ``recipient``: who is
    told in words, None for an endpoint."""

    message_id: str
    destination: str
    owner: str
    queue: str
    kind: str
    body: str
    attempt: int
    first_at: int
    issued_at: int
    recipient: Recipient | None = None


class OutboundAttempt(Struct):
    """One attempt that was made. ``code``: the HTTP status, None without an answer; ``detail``: the other side's own
    words, or why there are none; ``retry_at``: the earliest time it asks to be tried again."""

    message_id: str
    destination: str
    owner: str
    queue: str
    attempt: int
    result: AttemptResult
    detail: str
    started_at: int
    ended_at: int
    code: int | None = None
    retry_at: int | None = None


class OutboundOutcome(Struct):
    """The state of one message to one destination. ``source_id``: the update it tells; ``next_at``: when it is tried
    again, None where that depends on the destination; ``code``, ``detail``: of the last attempt. ``about``: ids of the
    alerts it tells; ``sent_with``: the message it was sent in one with."""

    message_id: str
    source_id: str
    destination: str
    owner: str
    queue: str
    kind: str
    correction: Correction
    status: OutboundStatus
    attempts: int
    queued_at: int
    at: int
    next_at: int | None = None
    code: int | None = None
    detail: str = ""
    about: list[str] = field(default_factory=list)
    sent_with: str = ""


class NewMessage(Struct, frozen=True):
    """Something a destination is to be told. ``source_id``: what it is about, the same for a later correction;
    ``body``: JSON object; ``ahead_of``: kinds that it goes ahead of, where they wait at the end of the queue and no
    attempt of them has begun. ``about``: ids of the alerts it tells. ``subject``: messages with one may be sent
    together, and of those of one subject that are new the latest by ``moment`` alone; ``is_past``: only worth telling
    as a correction of what was told. ``told_apart``: what it takes back was so, and is told before it even where no
    attempt of that has begun."""

    source_id: str
    destination: str
    owner: str
    queue: str
    kind: str
    correction: Correction
    body: str
    ahead_of: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    subject: str = ""
    moment: int = 0
    is_past: bool = False
    told_apart: bool = False


class OutboundDecision(Struct):
    """A person's decision about a message that waits for one. ``by``: who; ``reason``: why, in their words."""

    message_id: str
    destination: str
    queue: str
    decision: DecisionKind
    by: str
    reason: str
    at: int


class EndpointSetting(Struct, frozen=True):
    """How a person set a destination; ``endpoint`` None: it was removed."""

    destination: str
    owner: str
    endpoint: WebhookEndpoint | Recipient | None


class OptOut(Struct, frozen=True):
    """The recipient wants to be told no more."""

    destination: str
    owner: str


class SendAgain(Struct, frozen=True):
    """A person wants a message to be sent once more, as it was."""

    owner: str
    message: PastMessage


class OutboundMessage(Struct, frozen=True, array_like=True):
    """A message that waits to be sent, or is being sent. ``digest``: of the content, by which a repeat is known;
    ``attempts``: how many have begun; ``next_at``: not before then. ``subject``, ``moment``: as of a new message.
    ``sent_with``: the id of the message before it that it is sent in one with. ``again``: it was done with before; the
    body is as it was sent. ``held``: it was refused and waits for a person."""

    message_id: str
    source_id: str
    kind: str
    correction: Correction
    digest: str
    body: str
    queued_at: int
    attempts: int = 0
    first_at: int | None = None
    next_at: int | None = None
    sending: bool = False
    subject: str = ""
    moment: int = 0
    sent_with: str = ""
    again: bool = False
    held: bool = False
    about: list[str] = []


class SentMessage(Struct, frozen=True, array_like=True):
    """The last message of an update that is done with. ``standing``: False where it took the update back, or was
    refused; ``times``: how many messages of the update are done with. ``dry_run``: it was recorded, and not sent.
    ``told``: False where a later one was told in its place."""

    source_id: str
    digest: str
    standing: bool
    times: int
    ended_at: int
    dry_run: bool = False
    told: bool = True


class OutboundQueue(Struct, frozen=True):
    """Messages to one destination that keep their order. ``ready_since``: since when its first message only waits for
    its turn."""

    destination: str
    owner: str
    queue: str
    changed_at: int
    waiting: list[OutboundMessage] = field(default_factory=list)
    sent: list[SentMessage] = field(default_factory=list)
    ready_since: int | None = None


class OutboundDestination(Struct, frozen=True):
    """One destination. ``outstanding``: attempts asked for and not answered; ``window``: the most there may be.
    ``failures``, ``opened``, ``retry_at``, ``on_trial``, ``reason``: of its circuit breaker, which is open from
    ``retry_at`` being set until a trial succeeds. ``failing_since``: no attempt succeeded since. ``disabled_at``: from
    when on nothing is sent until it is enabled again (``enabled_at``). ``removed``: a person removed it. ``dry_run``:
    messages are recorded and none is sent. ``recipient``: who is told in words, None for an endpoint."""

    destination: str
    owner: str
    outstanding: int = 0
    window: float = 8.0
    failures: int = 0
    opened: int = 0
    retry_at: int | None = None
    on_trial: bool = False
    reason: str = ""
    failing_since: int | None = None
    paused: bool = False
    removed: bool = False
    disabled_at: int | None = None
    enabled_at: int = 0
    dry_run: bool = False
    recipient: Recipient | None = None


class OutboundState(Struct):
    """One record of the changelog: exactly one of the four."""

    subscriptions: CustomerSubscriptions | None = None
    destination: OutboundDestination | None = None
    queue: OutboundQueue | None = None
    opt_ins: OrderOptIns | None = None
