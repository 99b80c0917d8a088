"""The notifications step: messages for customers' endpoints and recipients, their settings and answered attempts in;
attempts to make and outcomes out.

Reads ``customer.updates``, ``customer.subscriptions``, ``notification.attempts`` and ``notification.actions``, all
keyed by customer; writes
``notification.requests`` and ``notification.outcomes`` and, as its state, ``notification.state``. The rules are the
engine's (``streams/outbound``). Times are UTC ms.
"""

from __future__ import annotations

from collections.abc import Sequence

from streams.kernel.step_result import StepResult
from streams.notifications.destinations import render
from streams.outbound import engine
from streams.outbound.engine import Input, Known, OutboundOutputs, Record
from streams.outbound.policy import Policy


def step(
    chunk: Sequence[Input], known: Known, policy: Policy, now_ms: int
) -> StepResult[OutboundOutputs, Record | None]:
    """Take in a chunk.

    ``counts``: of messages queued (something is to be sent, or no longer) and repeats; attempts by result, and ``late``
    those nobody waits for any more; ``set``.
    """
    return engine.take_in(chunk, known, policy, render, now_ms)


def sweep(
    keys: Sequence[str], known: Known, policy: Policy, now_ms: int
) -> StepResult[OutboundOutputs, Record | None]:
    """Do what the clock brings about for these records: retries, trials, and to forget. ``counts``: forgotten."""
    return engine.look_at(keys, known, policy, render, now_ms)
