"""The result of every context's step, for one chunk or one sweep of the clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

from msgspec import Struct, field

from streams.kernel.errors import Reject

Outputs = TypeVar("Outputs")
"""A context's own struct, one field for each topic it writes; None where it writes none."""
State = TypeVar("State")
"""The record a context keeps under one key; ``X | None`` where it may forget one."""


class StepResult(Struct, Generic[Outputs, State], frozen=True):
    """The messages to send, the records to store and the inputs to dead-letter. A step has changed none of its
    arguments; applying the result is the caller's.

    ``outputs``: values by topic, in the order to send them. ``states``: key -> changed record, changed keys only; None
    deletes the record. ``refused``: (place in the chunk, why) of each input that cannot be used, in the chunk's order.
    ``counts``: outcome -> how many, outcomes that occurred only.
    """

    outputs: Outputs
    states: Mapping[str, State] = field(default_factory=dict)
    refused: Sequence[tuple[int, Reject]] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
