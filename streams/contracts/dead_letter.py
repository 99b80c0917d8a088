"""The value of ``dead.letters``. Times are UTC milliseconds."""

from __future__ import annotations

from msgspec import Struct


class DeadLetter(Struct):
    """Describes the origin of one dead letter and why it was refused; the whole record is on ``dlq.<step>.v1``."""

    step: str
    reason: str
    detail: str
    path: str | None
    origin_topic: str
    origin_partition: int
    origin_offset: int
    feed: str | None
    correlation_id: str | None
    size: int
    failed_at: int

    @property
    def place(self) -> str:
        """``STEP/TOPIC/PARTITION/OFFSET`` of the record that was refused: the letter's name."""
        return f"{self.step}/{self.origin_topic}/{self.origin_partition}/{self.origin_offset}"
