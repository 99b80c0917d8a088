"""All errors ShipSync raises; callers distinguish these three only.

    ShipSyncError
    ├── Reject      a record is bad: write it whole to the dead letters, continue with the next
    ├── Transient   another system does not answer: wait and try again, nothing is lost
    └── Fatal       stop the process before it acknowledges anything
"""

from __future__ import annotations

from streams.kernel.vocabulary import RejectReason


class ShipSyncError(Exception):
    """Anything ShipSync raises on purpose."""


class Reject(ShipSyncError):
    """One record, or one message inside it, cannot be used.

    ``reason``: the code that dead letters are counted under. ``detail``: for people, what is wrong and how to mend it.
    ``path``: the field at fault in the payload's own terms, where it is one field. Raised only inside a step; a step
    returns it as a value.
    """

    __slots__ = ("detail", "path", "reason")

    def __init__(self, reason: RejectReason, detail: str, path: str | None = None) -> None:
        super().__init__(reason, detail, path)
        self.reason = reason
        self.detail = detail
        self.path = path

    def __str__(self) -> str:
        return f"{self.reason.value}: {self.detail}" + (f" (at {self.path})" if self.path else "")

    def as_value(self) -> Reject:
        """The reject to keep: without its traceback and its causes, which hold what the raising functions held."""
        self.__traceback__ = self.__cause__ = self.__context__ = None
        return self


class Transient(ShipSyncError):
    """A broker, the registry or another system cannot be reached now."""


class Fatal(ShipSyncError):
    """A fault that must stop the process: outputs not acknowledged, state unreadable, configuration wrong."""
