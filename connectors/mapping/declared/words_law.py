"""Decides where words go over a code: a delivery to the sender, to a locker, or none at all is not one to the
recipient."""

from __future__ import annotations

from connectors.mapping.declared.status_meaning import StatusMeaning
from connectors.mapping.values.delivery_words import Words, goes_back, words_in
from streams.kernel.vocabulary import Classifier, ExceptionType, Flag, Milestone, Reason

_DECIDED = Flag.WORDS_DECIDE.value
_DOUBTFUL = Flag.DELIVERY_DOUBTFUL.value
_MILESTONE_OF = {
    Words.BACK: Milestone.RETURNED,
    Words.WAITING: Milestone.AVAILABLE_FOR_PICKUP,
    Words.PICK_UP_PLACE: Milestone.AVAILABLE_FOR_PICKUP,
    Words.HANDED_OVER: Milestone.HANDED_OVER,
}
_SAYS_WHERE = frozenset({
    Words.BACK, Words.REFUSED, Words.WAITING, Words.PICK_UP_PLACE, Words.HANDED_OVER, Words.PARTIAL, Words.IN_DOUBT,
})
_BARE = frozenset({Milestone.IN_TRANSIT, Milestone.INFO})
_SAYS_LITTLE = _BARE | {Milestone.UNKNOWN}


def folded(text: str) -> str:
    """Return a text in lower case with single blanks."""
    return " ".join(text.casefold().split())


def decided(meaning: StatusMeaning, said: str) -> StatusMeaning:
    """Return what a delivery is by the words beside it, that it goes back where a code says no more than that it moves,
    and any other meaning unchanged. ``said``: folded.

    Words that say it is still to come, or went wrong, contradict the code without saying what is true: the delivery is
    doubtful.
    """
    if not said or meaning.classifier is not Classifier.ACTUAL:
        return meaning
    if meaning.milestone is Milestone.RETURNING:
        return _as(meaning, Milestone.RETURNED) if "deliver" in said and words_in(said) is Words.BACK else meaning
    if meaning.milestone in _SAYS_LITTLE and goes_back(said):
        return _as(meaning, Milestone.RETURNING)
    if meaning.milestone is not Milestone.DELIVERED:
        return meaning
    words = words_in(said)
    if words in (Words.TO_COME, Words.IN_DOUBT):
        return meaning._replace(flags=tuple(dict.fromkeys((*meaning.flags, _DECIDED, _DOUBTFUL))))
    if words is Words.ATTEMPTED:
        attempted = _as(meaning, Milestone.DELIVERY_ATTEMPTED)
        return attempted._replace(exception=ExceptionType.CONSIGNEE, reason=Reason.UNKNOWN)
    if words is Words.REFUSED:
        refused = _as(meaning, Milestone.DELIVERY_ATTEMPTED)
        return refused._replace(exception=ExceptionType.REFUSAL, reason=Reason.CONSIGNEE_REFUSED)
    if words is Words.PARTIAL:
        part = _as(meaning, Milestone.IN_TRANSIT)
        return part._replace(exception=ExceptionType.SHORTAGE, reason=Reason.UNKNOWN)
    milestone = None if words is None else _MILESTONE_OF.get(words)
    return meaning if milestone is None else _as(meaning, milestone)


def decided_by_remark(meaning: StatusMeaning, said: str) -> StatusMeaning:
    """Return what a delivery is by a remark beside its words, which says no more than where the goods are: with the
    sender, where they wait, with another carrier, or a part of them; or that the recipient refused them, or that it
    went wrong. ``said``: folded."""
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


def on_the_way_back(meaning: StatusMeaning) -> StatusMeaning:
    """Return what a delivery is of a shipment that goes back to its sender: the end of the return."""
    if meaning.milestone is not Milestone.DELIVERED or meaning.classifier is not Classifier.ACTUAL:
        return meaning
    return meaning._replace(milestone=Milestone.RETURNED, name="")


def _as(meaning: StatusMeaning, milestone: Milestone) -> StatusMeaning:
    """Return the meaning with another milestone, free of what belonged to the first."""
    flags = tuple(flag for flag in meaning.flags if flag != _DOUBTFUL)
    return meaning._replace(
        milestone=milestone, exception=ExceptionType.NONE, reason=Reason.NORMAL, flags=(*flags, _DECIDED), name="",
    )
