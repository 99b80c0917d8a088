"""Decides how much may be under way to a destination, and whether anything may. Times are UTC ms.

Its window grows with each accepted attempt and is halved by trouble, as a TCP sender's. Trouble of the destination
(it does not answer, or asks for patience) opens its circuit breaker: then one trial at a time, and no message of it
loses a retry. Who accepted nothing for days is disabled, until a person enables it; its messages are kept.
"""

from __future__ import annotations

from msgspec.structs import replace

from streams.contracts.outbound import OutboundAttempt, OutboundDestination, WebhookEndpoint
from streams.contracts.recipients import Recipient
from streams.kernel.outbound_vocabulary import AttemptResult
from streams.outbound.policy import Policy
from streams.resilience import circuit_breaker as breaker
from streams.resilience.circuit_breaker import Circuit, CircuitState

OPTED_OUT = "the recipient wants no more messages"
_WELL = frozenset({AttemptResult.ACCEPTED, AttemptResult.DRY_RUN})
_TROUBLE = frozenset({AttemptResult.LIMITED, AttemptResult.UNAVAILABLE, AttemptResult.GONE})


def new(destination: str, owner: str, policy: Policy) -> OutboundDestination:
    """A destination nothing was sent to."""
    return OutboundDestination(destination, owner, window=policy.first_window)


def configured(
    known: OutboundDestination, endpoint: WebhookEndpoint | Recipient | None, policy: Policy
) -> OutboundDestination:
    """As a person set it; None: it was removed. Enabling it again forgets that it failed."""
    if endpoint is None:
        return replace(known, removed=True, recipient=None)
    enabled_again = endpoint.enabled_at > known.enabled_at
    kept = replace(
        known, removed=False, paused=endpoint.paused,
        dry_run=isinstance(endpoint, WebhookEndpoint) and endpoint.dry_run,
        enabled_at=max(endpoint.enabled_at, known.enabled_at),
        recipient=endpoint if isinstance(endpoint, Recipient) else None,
    )
    if not enabled_again:
        return kept
    return replace(
        kept, disabled_at=None, failing_since=None, failures=0, opened=0, retry_at=None, on_trial=False, reason="",
        window=policy.first_window,
    )


def opted_out(known: OutboundDestination, now_ms: int) -> OutboundDestination:
    """The destination of a recipient who wants no more messages: disabled, until a person enables it again."""
    return replace(known, disabled_at=known.disabled_at or now_ms, reason=OPTED_OUT)


def is_open(known: OutboundDestination) -> bool:
    """Whether people let it be sent to."""
    return not known.paused and not known.removed and known.disabled_at is None


def is_dry_run(known: OutboundDestination, policy: Policy) -> bool:
    """Whether messages to it are recorded and none is sent."""
    return known.dry_run or policy.all_dry_run or known.destination in policy.dry_run


def asked(known: OutboundDestination, now_ms: int) -> tuple[OutboundDestination, bool]:
    """Whether one more attempt may begin now, and the destination with it counted."""
    if not is_open(known) or known.outstanding >= int(known.window):
        return known, False
    circuit, allowed = breaker.request(_circuit(known), now_ms)
    if not allowed:
        return known, False
    return replace(_with(known, circuit), outstanding=known.outstanding + 1), True


def answered(
    known: OutboundDestination, attempt: OutboundAttempt, policy: Policy, now_ms: int
) -> OutboundDestination:
    """The destination after an attempt it was counted for."""
    after = replace(known, outstanding=max(0, known.outstanding - 1))
    result = attempt.result
    if result is AttemptResult.IGNORED:  # the destination was not asked
        return _with(after, breaker.abandoned(_circuit(known), now_ms))
    if result in _WELL:
        window = min(policy.most_outstanding, known.window + 1)
        return replace(_with(after, breaker.succeeded(_circuit(known))), failing_since=None, window=window)
    after = replace(after, failing_since=now_ms if known.failing_since is None else known.failing_since)
    if result in _TROUBLE:
        after = replace(after, window=max(1.0, known.window / 2))
    match result:
        case AttemptResult.REFUSED:
            circuit = breaker.succeeded(_circuit(known))
        case AttemptResult.LIMITED:
            circuit = breaker.opened(_circuit(known), policy.breaker, now_ms, attempt.detail)
            circuit = replace(circuit, retry_at=max(circuit.retry_at, attempt.retry_at or 0))
        case _:
            circuit = breaker.failed(_circuit(known), policy.breaker, now_ms, attempt.detail)
    after = _with(after, circuit)
    failing_for = 0 if after.failing_since is None else now_ms - after.failing_since
    too_long = policy.disable_after is not None and failing_for >= policy.disable_after
    if result is AttemptResult.GONE or too_long:
        return replace(after, disabled_at=after.disabled_at or now_ms, reason=attempt.detail)
    return after


def counted(known: OutboundDestination, under_way: int, now_ms: int) -> OutboundDestination:
    """The destination by how many of its queues have an attempt under way, which is what counts. A worker that died
    while it wrote a chunk may have left attempts here that no queue knows of: nobody would ever answer them."""
    if under_way >= known.outstanding:
        return known
    if under_way or not known.on_trial:
        return replace(known, outstanding=under_way)
    return replace(_with(known, breaker.abandoned(_circuit(known), now_ms)), outstanding=0)


def next_due(known: OutboundDestination) -> int | None:
    """When a trial may go out, or what waits for a removed destination is to be withdrawn; None where nothing waits
    for the clock."""
    return known.retry_at if (is_open(known) or known.removed) and not known.on_trial else None


def _circuit(known: OutboundDestination) -> Circuit:
    if known.on_trial:
        state = CircuitState.HALF_OPEN
    else:
        state = CircuitState.CLOSED if known.retry_at is None else CircuitState.OPEN
    return Circuit(state, known.failures, known.opened, known.retry_at or 0, known.reason)


def _with(known: OutboundDestination, circuit: Circuit) -> OutboundDestination:
    closed = circuit.state is CircuitState.CLOSED
    return replace(
        known, failures=circuit.failures, opened=circuit.opened, retry_at=None if closed else circuit.retry_at,
        on_trial=circuit.state is CircuitState.HALF_OPEN, reason=circuit.reason,
    )
