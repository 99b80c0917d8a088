"""A plain canonical event, for tests of what is shown and said of a mapping."""

from __future__ import annotations

from msgspec.structs import replace

from streams.contracts.model import CarrierEvent
from streams.kernel.vocabulary import Classifier, ExceptionType, Milestone, Precision, Reason
from tests.support.foreign_text import filled

PLAIN = replace(
    filled(CarrierEvent), carrier_code="20", carrier_text="Delivered", milestone=Milestone.DELIVERED, flags=[],
    classifier=Classifier.ACTUAL, zone_assumed=False, precision=Precision.INSTANT, references=[], location=None,
    exception=ExceptionType.NONE, reason=Reason.NORMAL, tracking_number="AC4711000812", carrier="acme",
    occurred_at=1_789_133_097_000, utc_offset_minutes=120,
)
"""Delivered by code 20, with its words, at a time with an offset."""
