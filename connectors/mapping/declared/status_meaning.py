"""The canonical meaning of a status, as tables give it."""

from __future__ import annotations

from typing import NamedTuple

from streams.kernel.vocabulary import Classifier, ExceptionType, Milestone, Reason

_FINAL = frozenset({Milestone.DELIVERED, Milestone.RETURNED})


class StatusMeaning(NamedTuple):
    """The canonical meaning of a status. ``flags`` is never changed in place."""

    milestone: Milestone
    classifier: Classifier
    exception: ExceptionType
    reason: Reason
    flags: tuple[str, ...]
    name: str = ""


def is_final(meaning: StatusMeaning) -> bool:
    """Return True for a delivery or return that has happened: worth keeping even without a readable time."""
    return meaning.milestone in _FINAL and meaning.classifier is Classifier.ACTUAL
