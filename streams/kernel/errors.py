"""The closed tree of what can go wrong; callers branch on these three only.

    ShipSyncError
    ├── Reject      this record is bad: dead-letter it whole, go on with its neighbours
    ├── Transient   the world is not ready: wait and try again, nothing is lost
    └── Fatal       go no further: stop the process before anything is acked
"""

from __future__ import annotations

from streams.kernel.vocabulary import RejectReason


class ShipSyncError(Exception):
    """Anything ShipSync raises on purpose."""


class Reject(ShipSyncError):
    """One record (or one message inside it) cannot be used.

    ``reason`` is the code the dead letter is counted under, ``detail`` says to a person what is wrong
    and where; ``path`` names the field, in the payload's own terms, when one field broke it.
    Raised only inside a step; a step returns it as a value.
    """

    def __init__(self, reason: RejectReason, detail: str, path: str | None = None) -> None:
        super().__init__(f"{reason.value}: {detail}" + (f" (at {path})" if path else ""))
        self.reason = reason
        self.detail = detail
        self.path = path


class Transient(ShipSyncError):
    """Broker, registry or another system cannot be reached now."""


class Fatal(ShipSyncError):
    """A fault that must stop the process: outputs not acknowledged, state unreadable, wiring wrong."""
