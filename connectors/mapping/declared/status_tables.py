"""Status tables: look up a carrier's code and text to their canonical meaning, with a bounded cache."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from connectors.mapping.declared.published_codes import codes_of_group, published_codes
from connectors.mapping.declared.schema import Cause, Meaning, Statuses
from connectors.mapping.declared.status_meaning import StatusMeaning
from connectors.mapping.declared.words_law import decided, decided_coarsely, folded
from connectors.mapping.values.delivery_words import words_in
from streams.kernel.vocabulary import Classifier, ExceptionType, Flag, Milestone, Reason

_CACHE_SIZE = 20_000
_MAX_CACHED_LENGTH = 300
_ANY = ":*"
"""The end of a type's code: every code that begins so."""
_BY_CAUSE = frozenset({Milestone.IN_TRANSIT, Milestone.DELIVERY_ATTEMPTED})
_OF_A_DELIVERY = frozenset({ExceptionType.DAMAGE, ExceptionType.SHORTAGE})
_MORE_THAN_A_CAUSE = frozenset({
    ExceptionType.DAMAGE, ExceptionType.LOSS, ExceptionType.SHORTAGE, ExceptionType.REFUSAL,
})


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
    flags = (Flag.DELIVERY_DOUBTFUL.value,) if meaning.doubtful else ()
    return StatusMeaning(meaning.milestone, meaning.classifier, meaning.exception, reason, flags, meaning.name)


def cause_of(cause: Reason | Cause) -> Cause:
    """Return a reason table's entry in its long form."""
    return Cause(cause) if isinstance(cause, Reason) else cause


def with_cause(meaning: StatusMeaning, cause: Cause | None) -> StatusMeaning:
    """Apply a reason code to a meaning. An unknown reason (None) of an exception is flagged.

    The cause's own exception replaces that of the status, since it says more (a delivery exception is a refusal by
    reason 07); not so damage, loss, shortage and refusal, which no cause undoes. A delivered status takes only damage
    and shortage from the cause; what was refused is not delivered. A cause without an exception keeps that of the
    status.
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
    if cause.exception is ExceptionType.REFUSAL and meaning.milestone is Milestone.DELIVERED:
        exception = ExceptionType.REFUSAL
        return meaning._replace(milestone=Milestone.DELIVERY_ATTEMPTED, exception=exception, reason=reason, name="")
    if exception is not ExceptionType.NONE and reason is Reason.NORMAL:
        reason = meaning.reason if meaning.reason is not Reason.NORMAL else Reason.UNKNOWN
    milestone = meaning.milestone
    if cause.milestone is not None and milestone in _BY_CAUSE:
        milestone = cause.milestone
    return meaning._replace(milestone=milestone, exception=exception, reason=reason)


class _Text(NamedTuple):
    """An entry of ``texts``; ``starts`` and ``contains`` folded. ``says_where``: they say more than a bare delivery."""

    code: str | None
    starts: str
    contains: str
    meaning: StatusMeaning
    says_where: bool

    def rest_of(self, said: str) -> str | None:
        """Return what a folded text says beside the words of this entry; None if it does not fit."""
        if not said.startswith(self.starts):
            return None
        rest = said[len(self.starts):]
        if self.contains:
            before, found, after = rest.partition(self.contains)
            return before + after if found else None
        return rest


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
            _Text(text.code, folded(text.starts), folded(text.contains),
                  status_meaning(Meaning(
                      text.milestone, text.exception, text.reason, text.classifier, doubtful=text.doubtful
                  )), any(map(words_in, (folded(text.starts), folded(text.contains)))))
            for text in statuses.texts
        ]
        self._causes: Mapping[str, Cause] = {
            code: cause_of(cause) for code, cause in statuses.reasons.items()
        }
        self._longest_type = max((len(code) - len(_ANY) for code in self._codes if code.endswith(_ANY)), default=0)
        self._cache: dict[tuple[str, str, str | None], StatusMeaning] = {}

    def mapped(self, code: str) -> bool | None:
        """Whether the code is mapped: True by itself, None only by its type, False not at all."""
        if code in self._codes:
            return True
        return None if self.find(code, "") is not None else False

    def lookup(self, code: str, text: str, reason_code: str | None) -> StatusMeaning:
        """Return the meaning of a code, text and reason code; ``UNMAPPED`` for an unknown code."""
        key = (code, text, reason_code)
        known = self._cache.get(key)
        if known is None:
            known = self.find(code, text) or decided(UNMAPPED, folded(text))
            if reason_code is not None:
                known = with_cause(known, self._causes.get(reason_code))
            if len(self._cache) >= _CACHE_SIZE:
                self._cache.clear()
            if len(code) + len(text) + len(reason_code or "") <= _MAX_CACHED_LENGTH:
                self._cache[key] = known
        return known

    def find(self, code: str, text: str) -> StatusMeaning | None:
        """Return the meaning of a code and its text, None if neither is known.

        A text entry of that very code goes first, then the code itself, then another text, then the narrowest type.
        What words say of a delivery goes over all but a text entry that holds those words (``delivery_words.py``).
        """
        said, exact = folded(text), self._codes.get(code)
        kind = code.partition(":")[0]
        for entry in self._texts:
            rest = entry.rest_of(said)
            if rest is None:
                continue
            if (entry.code == code and code) or (exact is None and entry.code in (None, code, kind)):
                return decided(entry.meaning, rest if entry.says_where else said)
        if exact is not None:
            return decided(exact, said)
        if len(code) > self._longest_type:
            code = code[:max(0, code.rfind(":", 0, self._longest_type + 1))]
        while code:
            found = self._codes.get(code + _ANY)
            if found is not None:
                return decided_coarsely(found, said)
            code = code.rpartition(":")[0]
        found = self._codes.get(kind + _ANY)
        return None if found is None else decided_coarsely(found, said)


EMPTY = StatusTable(Statuses(source="none"))
"""The table of a document without one."""
