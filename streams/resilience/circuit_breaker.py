"""A circuit breaker as transitions on plain data: when a carrier is left alone, and when it is tried again.

Closed, requests go out. So many failures in a row open it; after a pause one request tries (half open), and
its outcome closes the circuit or opens it for twice as long. Times are UTC milliseconds.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace


class CircuitState(StrEnum):
    """Whether requests go out: all, one to try, none."""

    CLOSED = "closed"
    HALF_OPEN = "half_open"
    OPEN = "open"


class Breaker(Struct, frozen=True):
    """When to open, and for how long: ``pause_ms`` the first time, doubled up to ``longest_ms``."""

    failures: int = 5
    pause_ms: int = 30_000
    longest_ms: int = 30 * 60_000


class Circuit(Struct, frozen=True):
    """Where it stands. ``failures`` in a row; ``opened``: times in a row; ``retry_at`` counts while open."""

    state: CircuitState = CircuitState.CLOSED
    failures: int = 0
    opened: int = 0
    retry_at: int = 0
    reason: str = ""


CLOSED = Circuit()


def asked(circuit: Circuit, now_ms: int) -> tuple[Circuit, bool]:
    """The circuit, and whether one more request may go out now; an open one whose pause is over lets one."""
    if circuit.state is CircuitState.CLOSED:
        return circuit, True
    if circuit.state is CircuitState.OPEN and now_ms >= circuit.retry_at:
        return replace(circuit, state=CircuitState.HALF_OPEN), True
    return circuit, False


def succeeded(circuit: Circuit) -> Circuit:
    """After an answer. An open circuit stays: what answers late was asked before it opened."""
    return circuit if circuit.state is CircuitState.OPEN else CLOSED


def failed(circuit: Circuit, breaker: Breaker, now_ms: int, reason: str) -> Circuit:
    """After a failure: one more of so many, or open."""
    failures = circuit.failures + 1
    if circuit.state is CircuitState.OPEN:
        return circuit
    if circuit.state is CircuitState.CLOSED and failures < breaker.failures:
        return replace(circuit, failures=failures, reason=reason)
    return opened(circuit, breaker, now_ms, reason)


def opened(circuit: Circuit, breaker: Breaker, now_ms: int, reason: str) -> Circuit:
    """Open at once, for twice as long as the time before; an open one stays as it is."""
    if circuit.state is CircuitState.OPEN:
        return circuit
    pause = min(breaker.pause_ms * 2 ** min(circuit.opened, 30), breaker.longest_ms)
    return Circuit(CircuitState.OPEN, circuit.failures + 1, circuit.opened + 1, now_ms + pause, reason)


def abandoned(circuit: Circuit, now_ms: int) -> Circuit:
    """After a trial that told nothing (it was not sent, or not heard out): another may be made."""
    if circuit.state is not CircuitState.HALF_OPEN:
        return circuit
    return replace(circuit, state=CircuitState.OPEN, retry_at=now_ms)
