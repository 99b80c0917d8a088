"""The postings step: postings and notices for ERPs, answered attempts and people's decisions in; attempts to make and
outcomes out.

Reads ``erp.postings``, ``erp.notices``, ``posting.attempts`` and ``posting.decisions``, all keyed by delivery; writes
``posting.requests`` and ``posting.outcomes`` and, as its state, ``posting.state``. The rules are the engine's
(``streams/outbound``). Times are UTC ms.
"""

from __future__ import annotations

from collections.abc import Sequence

from streams.kernel.step_result import StepResult
from streams.outbound import engine
from streams.outbound.engine import Input, Known, OutboundOutputs, Record
from streams.outbound.policy import DAY, Policy
from streams.postings.messages import render
from streams.resilience.circuit_breaker import Breaker

POLICY = Policy(
    breaker=Breaker(failures=5, pause_ms=5_000, longest_ms=60_000), disable_after=None, refused_retries=(),
    remembered=400 * DAY, holds=True,
)
"""An ERP is waited for as long as it takes, and what it refused waits for a person: nothing is given up by itself."""


def step(
    chunk: Sequence[Input], known: Known, policy: Policy, now_ms: int
) -> StepResult[OutboundOutputs, Record | None]:
    """Take in a chunk.

    ``counts``: of postings queued (something is to be posted, or no longer) and repeats; attempts by result, and
    ``late`` those, and decisions, that nobody waits for any more; ``decided``.
    """
    return engine.take_in(chunk, known, policy, render, now_ms)


def sweep(
    keys: Sequence[str], known: Known, policy: Policy, now_ms: int
) -> StepResult[OutboundOutputs, Record | None]:
    """Do what the clock brings about for these records: retries, trials, and to forget. ``counts``: forgotten."""
    return engine.look_at(keys, known, policy, render, now_ms)
