"""The words customers are told, in their language. Codes and reasons that are ours alone are not shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from msgspec import Struct, yaml

from connectors.formats.prepared_types import prepared
from streams.contracts.model import CustomerUpdate
from streams.kernel.vocabulary import ExceptionType, Milestone, Reason, Status

LANGUAGES = ("en", "de", "fr", "es")
"""The first is taken where none of the customer's is among them."""


class Catalogue(Struct, frozen=True):
    """The texts of one language. ``exceptions`` and ``reasons`` hold those a customer may hear of; ``page``: headings
    and phrases of the tracking page; ``mail``: of e-mail."""

    name: str
    milestones: Mapping[Milestone, str]
    statuses: Mapping[Status, str]
    exceptions: Mapping[ExceptionType, str]
    reasons: Mapping[Reason, str]
    page: Mapping[str, str]
    mail: Mapping[str, str]


@cache
def catalogue(language: str) -> Catalogue:
    """The texts of a language of ``LANGUAGES``."""
    text = files("portal").joinpath("words", f"{language}.yaml").read_bytes()
    return yaml.decode(text, type=prepared(Catalogue))


def sentence(word: CustomerUpdate, language: str) -> str:
    """A customer update as the customer reads it: what happened, what is wrong, and why where that can be said."""
    return milestone_sentence(word.milestone, word.exception, word.reason, catalogue(language))


def milestone_sentence(milestone: Milestone, exception: ExceptionType, reason: Reason, texts: Catalogue) -> str:
    """The same of its parts; a reason that is ours alone has no words."""
    parts: Iterable[str | None] = (
        texts.milestones[milestone], texts.exceptions.get(exception), texts.reasons.get(reason),
    )
    return " ".join(one for one in parts if one)


def chosen(asked: str | None, accepted: str | None) -> str:
    """The language of a page. ``asked``: in the address; ``accepted``: the header Accept-Language (RFC 9110)."""
    if asked in LANGUAGES:
        return asked
    weighed = []
    for place, one in enumerate((accepted or "")[:500].split(",")):
        name, _, more = one.strip().partition(";")
        weighed.append((-_weight(more), place, name.partition("-")[0].lower()))
    return next((name for weight, _, name in sorted(weighed) if name in LANGUAGES and weight < 0), LANGUAGES[0])


def _weight(more: str) -> float:
    name, _, number = more.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(max(float(number), 0.0), 1.0)
    except ValueError:
        return 0.0
