"""A carrier in trouble is left alone for a while, tried with one request, and then asked again or left longer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.resilience.circuit_breaker import (
    CLOSED,
    Breaker,
    Circuit,
    CircuitState,
    abandoned,
    failed,
    opened,
    request,
    succeeded,
)

BREAKER = Breaker(failures=3, pause_ms=1000, longest_ms=5000)


def after(failures: int, now: int = 0) -> Circuit:
    circuit = CLOSED
    for _ in range(failures):
        circuit = failed(circuit, BREAKER, now, "500")
    return circuit


def test_a_circuit_opens_after_the_configured_failures_in_a_row() -> None:
    assert after(2).state is CircuitState.CLOSED
    assert after(3) == Circuit(CircuitState.OPEN, 3, 1, 1000, "500")
    assert succeeded(after(2)) == CLOSED


def test_open_it_lets_nothing_out_until_its_pause_is_over_then_one() -> None:
    circuit = after(3)
    assert request(circuit, 999) == (circuit, False)
    trying, allowed = request(circuit, 1000)
    assert (trying.state, allowed) == (CircuitState.HALF_OPEN, True)
    assert request(trying, 1001) == (trying, False)


def test_a_trial_that_succeeds_closes_it_and_one_that_fails_doubles_the_pause() -> None:
    trying, _ = request(after(3), 1000)
    assert succeeded(trying) == CLOSED
    again = failed(trying, BREAKER, 1000, "500")
    assert (again.state, again.retry_at) == (CircuitState.OPEN, 3000)


def test_a_trial_that_told_nothing_is_made_again() -> None:
    trying, _ = request(after(3), 1000)
    assert request(abandoned(trying, 1100), 1100)[1]
    assert abandoned(CLOSED, 5) == CLOSED


def test_a_request_begun_before_the_circuit_opened_does_not_change_it() -> None:
    circuit = after(3)
    assert succeeded(circuit) == circuit
    assert failed(circuit, BREAKER, 10, "late") == circuit
    assert opened(circuit, BREAKER, 10, "late") == circuit


def test_a_circuit_can_be_opened_at_once() -> None:
    assert opened(CLOSED, BREAKER, 50, "unauthorised") == Circuit(CircuitState.OPEN, 1, 1, 1050, "unauthorised")


@given(st.lists(st.tuples(st.integers(0, 3000), st.booleans()), max_size=80))
def test_open_it_never_lets_a_request_out_early_and_never_waits_longer_than_the_longest(
    steps: list[tuple[int, bool]],
) -> None:
    circuit, now = CLOSED, 0
    for step, good in steps:
        now += step
        before = circuit
        circuit, allowed = request(circuit, now)
        assert allowed == (before.state is CircuitState.CLOSED or now >= before.retry_at)
        if allowed:
            circuit = succeeded(circuit) if good else failed(circuit, BREAKER, now, "x")
        assert circuit.state is not CircuitState.HALF_OPEN
        assert circuit.retry_at <= now + BREAKER.longest_ms
