"""Decides where words go over a code: a delivery to the sender, to a locker, or none at all is not one to the
recipient."""

from __future__ import annotations

from connectors.mapping.declared.status_meaning import StatusMeaning
from connectors.mapping.values.delivery_words import Words, words_in
from streams.kernel.vocabulary import Classifier, ExceptionType, Flag, Milestone, Reason

_DECIDED = Flag.WORDS_DECIDE.value
_DOUBTFUL = Flag.DELIVERY_DOUBTFUL.value
_MILESTONE_OF = {
    Words.BACK: Milestone.RETURNED,
    Words.WAITING: Milestone.AVAILABLE_FOR_PICKUP,
    Words.PICK_UP_PLACE: Milestone.AVAILABLE_FOR_PICKUP,
    Words.HANDED_OVER: Milestone.HANDED_OVER,
}
_SAYS_WHERE = frozenset({Words.BACK, Words.WAITING, Words.PICK_UP_PLACE, Words.PARTIAL})
_BARE = frozenset({Milestone.IN_TRANSIT, Milestone.INFO})


def folded(text: str) -> str:
    """Return a text in lower case with single blanks."""
    return " ".join(text.casefold().split())


def decided(meaning: StatusMeaning, said: str) -> StatusMeaning:
    """Return what a delivery is by the words beside it, and any other meaning unchanged. ``said``: folded.

    Words that say it is still to come contradict the code without saying what is true: the delivery is doubtful.
    """
    if not said or meaning.classifier is not Classifier.ACTUAL:
        return meaning
    if meaning.milestone is Milestone.RETURNING:
        return _as(meaning, Milestone.RETURNED) if "deliver" in said and words_in(said) is Words.BACK else meaning
    if meaning.milestone is not Milestone.DELIVERED:
        return meaning
    words = words_in(said)
    if words is Words.TO_COME:
        return meaning._replace(flags=tuple(dict.fromkeys((*meaning.flags, _DECIDED, _DOUBTFUL))))
    if words is Words.ATTEMPTED:
        attempted = _as(meaning, Milestone.DELIVERY_ATTEMPTED)
        return attempted._replace(exception=ExceptionType.CONSIGNEE, reason=Reason.UNKNOWN)
    if words is Words.PARTIAL:
        part = _as(meaning, Milestone.IN_TRANSIT)
        return part._replace(exception=ExceptionType.SHORTAGE, reason=Reason.UNKNOWN)
    milestone = None if words is None else _MILESTONE_OF.get(words)
    return meaning if milestone is None else _as(meaning, milestone)


def decided_by_remark(meaning: StatusMeaning, said: str) -> StatusMeaning:
    """Return what a delivery is by a remark beside its words, which says no more than where the goods are: with the
    sender, where they wait, or a part of them. ``said``: folded."""
    if meaning.milestone is not Milestone.DELIVERED or words_in(said) not in _SAYS_WHERE:
        return meaning
    return decided(meaning, said)


def decided_coarsely(meaning: StatusMeaning, said: str) -> StatusMeaning:
    """Return what a coarse meaning (a type's) is by the words beside it: as :func:`decided`, and under ``in_transit``
    or ``info`` also that it waits to be fetched, or lies with a neighbour, which alone is doubtful."""
    if said and meaning.milestone in _BARE and meaning.classifier is Classifier.ACTUAL:
        words = words_in(said)
        if words is Words.WAITING:
            return _as(meaning, Milestone.AVAILABLE_FOR_PICKUP)
        if words is Words.NEIGHBOUR:
            left = _as(meaning, Milestone.DELIVERED)
            return left._replace(flags=(*left.flags, _DOUBTFUL))
    return decided(meaning, said)


def _as(meaning: StatusMeaning, milestone: Milestone) -> StatusMeaning:
    """Return the meaning with another milestone, free of what belonged to the first."""
    flags = tuple(flag for flag in meaning.flags if flag != _DOUBTFUL)
    return meaning._replace(
        milestone=milestone, exception=ExceptionType.NONE, reason=Reason.NORMAL, flags=(*flags, _DECIDED), name="",
    )
