"""Status tables: look up a carrier's code and text to their canonical meaning, with a bounded cache."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from connectors.mapping.declared.published_codes import codes_of_group, published_codes
from connectors.mapping.declared.schema import Cause, Meaning, Statuses
from streams.kernel.vocabulary import Classifier, ExceptionType, Flag, Milestone, Reason

_CACHE_SIZE = 20_000
_MAX_CACHED_LENGTH = 300
_OF_A_DELIVERY = frozenset({ExceptionType.DAMAGE, ExceptionType.SHORTAGE})
_MORE_THAN_A_CAUSE = frozenset({
    ExceptionType.DAMAGE, ExceptionType.LOSS, ExceptionType.SHORTAGE, ExceptionType.REFUSAL,
})


class StatusMeaning(NamedTuple):
    """The canonical meaning of a status. ``flags`` is never changed in place."""

    milestone: Milestone
    classifier: Classifier
    exception: ExceptionType
    reason: Reason
    flags: tuple[str, ...]
    name: str = ""


UNMAPPED = StatusMeaning(
    Milestone.UNKNOWN, Classifier.ACTUAL, ExceptionType.NONE, Reason.UNKNOWN, (Flag.CODE_UNMAPPED.value,)
)


def status_meaning(meaning: Milestone | Meaning) -> StatusMeaning:
    """Resolve a table's entry. An exception without a reason gets the reason ``unknown``."""
    if isinstance(meaning, Milestone):
        meaning = Meaning(meaning)
    reason = meaning.reason
    if meaning.exception is not ExceptionType.NONE and reason is Reason.NORMAL:
        reason = Reason.UNKNOWN
    return StatusMeaning(meaning.milestone, meaning.classifier, meaning.exception, reason, (), meaning.name)


def cause_of(cause: Reason | Cause) -> Cause:
    """Return a reason table's entry in its long form."""
    return Cause(cause) if isinstance(cause, Reason) else cause


def with_cause(meaning: StatusMeaning, cause: Cause | None) -> StatusMeaning:
    """Apply a reason code to a meaning. An unknown reason (None) of an exception is flagged.

    The cause's own exception replaces that of the status, since it says more (a delivery exception is a refusal by
    reason 07); not so damage, loss, shortage and refusal, which no cause undoes. A delivered status takes only damage
    and shortage from the cause. A cause without an exception keeps that of the status.
    """
    if cause is None:
        if meaning.exception is ExceptionType.NONE:
            return meaning
        return meaning._replace(flags=(*meaning.flags, Flag.CODE_UNMAPPED.value))
    exception = meaning.exception
    told = cause.exception is not ExceptionType.NONE and exception not in _MORE_THAN_A_CAUSE
    if told and (meaning.milestone is not Milestone.DELIVERED or cause.exception in _OF_A_DELIVERY):
        exception = cause.exception
    reason = cause.reason
    if exception is not ExceptionType.NONE and reason is Reason.NORMAL:
        reason = meaning.reason if meaning.reason is not Reason.NORMAL else Reason.UNKNOWN
    milestone = meaning.milestone
    if cause.milestone is not None and milestone is Milestone.IN_TRANSIT:
        milestone = cause.milestone
    return meaning._replace(milestone=milestone, exception=exception, reason=reason)


class StatusTable:
    """One status table of one carrier."""

    def __init__(self, statuses: Statuses) -> None:
        self.source = statuses.source
        self.published = published_codes(statuses.published)
        self._codes = {
            code: status_meaning(Meaning(group.milestone, group.exception, group.reason, group.classifier))
            for group in statuses.groups
            for code in codes_of_group(group)
        }
        self._codes |= {code: status_meaning(meaning) for code, meaning in statuses.codes.items()}
        self._texts = [
            (text.code, text.starts.casefold(),
             status_meaning(Meaning(text.milestone, text.exception, text.reason, text.classifier)))
            for text in statuses.texts
        ]
        self._causes: Mapping[str, Cause] = {
            code: cause_of(cause) for code, cause in statuses.reasons.items()
        }
        self._cache: dict[tuple[str, str, str | None], StatusMeaning] = {}

    def mapped(self, code: str) -> bool | None:
        """Whether the code is mapped: True by itself, None only by its type, False not at all."""
        if code in self._codes:
            return True
        return None if self.find(code, "") is not None else False

    def lookup(self, code: str, text: str, reason_code: str | None) -> StatusMeaning:
        """Return the meaning of a code, text and reason code; ``UNMAPPED`` for an unknown code."""
        key = (code, text if self._texts else "", reason_code)
        known = self._cache.get(key)
        if known is None:
            known = self.find(code, text) or UNMAPPED
            if reason_code is not None:
                known = with_cause(known, self._causes.get(reason_code))
            if len(self._cache) >= _CACHE_SIZE:
                self._cache.clear()
            if len(code) + len(text) <= _MAX_CACHED_LENGTH:
                self._cache[key] = known
        return known

    def find(self, code: str, text: str) -> StatusMeaning | None:
        """Return the meaning of the exact code, else of a matching text, else of the narrowest type, else None."""
        exact = self._codes.get(code)
        if exact is not None:
            return exact
        folded = " ".join(text.casefold().split())
        kind = code.partition(":")[0]
        for only_code, starts, meaning in self._texts:
            if folded.startswith(starts) and only_code in (None, code, kind):
                return meaning
        while code:
            found = self._codes.get(f"{code}:*")
            if found is not None:
                return found
            code = code.rpartition(":")[0]
        return self._codes.get(f"{kind}:*")


EMPTY = StatusTable(Statuses(source="none"))
"""The table of a document without one."""
