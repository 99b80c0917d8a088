"""The canonical meaning of a status, as tables give it."""

from __future__ import annotations

from typing import NamedTuple

from streams.kernel.vocabulary import Classifier, ExceptionType, Milestone, Reason


class StatusMeaning(NamedTuple):
    """The canonical meaning of a status. ``flags`` is never changed in place."""

    milestone: Milestone
    classifier: Classifier
    exception: ExceptionType
    reason: Reason
    flags: tuple[str, ...]
    name: str = ""
