"""A circuit breaker as pure functions on its state.

While it is closed, requests go out. A number of failures in a row opens it: no requests. After a pause one trial
request goes out (half open); its outcome closes the circuit, or opens it for twice as long. Times are UTC milliseconds.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace


class CircuitState(StrEnum):
    """Decides which requests go out: all, one trial, none."""

    CLOSED = "closed"
    HALF_OPEN = "half_open"
    OPEN = "open"


class Breaker(Struct, frozen=True):
    """After how many failures it opens, and for how long: ``pause_ms`` at first, doubled up to ``longest_ms``."""

    failures: int = 5
    pause_ms: int = 30_000
    longest_ms: int = 30 * 60_000


class Circuit(Struct, frozen=True):
    """The state. ``failures``, ``opened``: times in a row; ``retry_at``: when a trial may go out, while open."""

    state: CircuitState = CircuitState.CLOSED
    failures: int = 0
    opened: int = 0
    retry_at: int = 0
    reason: str = ""


CLOSED = Circuit()


def request(circuit: Circuit, now_ms: int) -> tuple[Circuit, bool]:
    """The next state, and whether a request may go out now; after its pause an open circuit allows one trial."""
    if circuit.state is CircuitState.CLOSED:
        return circuit, True
    if circuit.state is CircuitState.OPEN and now_ms >= circuit.retry_at:
        return replace(circuit, state=CircuitState.HALF_OPEN), True
    return circuit, False


def succeeded(circuit: Circuit) -> Circuit:
    """The state after an answer. An open circuit stays open: the answer is to a request from before it opened."""
    return circuit if circuit.state is CircuitState.OPEN else CLOSED


def failed(circuit: Circuit, breaker: Breaker, now_ms: int, reason: str) -> Circuit:
    """The state after a failure."""
    failures = circuit.failures + 1
    if circuit.state is CircuitState.OPEN:
        return circuit
    if circuit.state is CircuitState.CLOSED and failures < breaker.failures:
        return replace(circuit, failures=failures, reason=reason)
    return opened(circuit, breaker, now_ms, reason)


def opened(circuit: Circuit, breaker: Breaker, now_ms: int, reason: str) -> Circuit:
    """Open at once, for twice as long as the last time; an open circuit stays as it is."""
    if circuit.state is CircuitState.OPEN:
        return circuit
    pause = min(breaker.pause_ms * 2 ** min(circuit.opened, 30), breaker.longest_ms)
    return Circuit(CircuitState.OPEN, circuit.failures + 1, circuit.opened + 1, now_ms + pause, reason)


def abandoned(circuit: Circuit, now_ms: int) -> Circuit:
    """The state after a trial without an outcome (not sent, or cancelled): another may go out at once."""
    if circuit.state is not CircuitState.HALF_OPEN:
        return circuit
    return replace(circuit, state=CircuitState.OPEN, retry_at=now_ms)
