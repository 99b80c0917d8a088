"""The way each story takes from the order to its end, as ``shipsync trace`` shows it.

A way is several chains, since only what brings about another thing comes before it; other steps may stand between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tests.lifecycle.ends import Story
from tests.lifecycle.rules import HAULAGE, MUTE, STEADY, SWIFT
from topologies.operations.order_trace import Step


class Must(NamedTuple):
    """A step of this kind, with all these words in it."""

    kind: str
    words: tuple[str, ...] = ()

    def is_(self, step: Step) -> bool:
        """Whether it is this step."""
        return step.name == self.kind and all(word in step.words for word in self.words)


Chain = tuple[Must, ...]


def _chain(*steps: str) -> Chain:
    """Each step as ``kind: words, more words``."""
    made = []
    for text in steps:
        kind, _, words = text.partition(": ")
        made.append(Must(kind, tuple(words.split(", ")) if words else ()))
    return tuple(made)


_ISSUE = ("posting: goods issue", "outcome: goods issue, sent")
_CONFIRMED = ("posting: delivery confirmation", "outcome: delivery confirmation, sent")
_LEFT = (_chain("order", "claim", "milestone", *_ISSUE), _chain("warehouse: shipped"), _chain("carrier", *_ISSUE))
_INVOICED = _chain("milestone: delivered", *_CONFIRMED)
_PROVED = _chain(
    "milestone: delivered", "milestone: pod received", "posting: proof of delivery", *_CONFIRMED
)
_ALERTED = _chain("milestone: delivered", "alert: confirmation overdue, is raised")
_OVER = _chain("alert: confirmation overdue, is raised", "alert: confirmation overdue, is resolved")


def _booked(carrier: str, *before: str, answer: str = "booked") -> tuple[Chain, ...]:
    """Booked with a carrier; ``before``: what was asked and answered before."""
    taken = (*before, f"booking: book, {carrier}", f"answer: {carrier}, {answer}")
    return (
        _chain("order"), _chain("warehouse: packed", *taken), _chain("warehouse: packed", "notice: ready to ship"),
        _chain(f"answer: {carrier}, {answer}", "notice: booked"),
        _chain("release: released", *taken, f"booking: booked, {carrier}"),
        _chain(f"answer: {carrier}, {answer}", "claim: claims", "milestone", *_ISSUE), _chain("carrier", *_ISSUE),
    )


_SWIFT = _booked(SWIFT)
_SHIPPED = _chain("booking: booked", "warehouse: shipped", "outcome: goods issue, sent")
_TENDERED = (*_booked(HAULAGE, answer="accepted"), _SHIPPED)
WAYS: Mapping[Story, tuple[Chain, ...]] = {
    Story.STRAIGHT: (*_LEFT, _INVOICED),
    Story.LATE_PROOF: (*_LEFT, _PROVED, _ALERTED, _OVER),
    Story.NO_PROOF: (*_LEFT, _ALERTED),
    Story.WAIVED: (*_LEFT, _ALERTED, _OVER, _chain("milestone: delivered", "decision: waive", *_CONFIRMED)),
    Story.REFUSED: (*_LEFT, _chain(
        "milestone: refusal", "posting: return started", "milestone: returned", "posting: return receipt",
        "outcome: return receipt, sent",
    )),
    Story.SPLIT: (
        *_LEFT, _INVOICED,
        _chain("posting: delivery confirmation, 1 of 2", "posting: delivery confirmation, 2 of 2"),
    ),
    Story.PARTIAL: (*_LEFT, _INVOICED, _chain("posting: delivery confirmation, 1 of 2")),
    Story.OUTAGE: (*_LEFT, _INVOICED),
    Story.BOOKED: (*_SWIFT, _INVOICED),
    Story.DECLINED: (
        *_booked(STEADY, f"booking: book, {SWIFT}", f"answer: {SWIFT}, declined, no truck left"), _INVOICED
    ),
    Story.UNANSWERED: (
        *_booked(SWIFT, f"booking: book, {MUTE}", f"answer: {MUTE}, unavailable", f"booking: cancel, {MUTE}"),
        _chain("alert: booking unanswered, is raised", "alert: booking unanswered, is resolved"), _INVOICED,
    ),
    Story.TENDERED: (*_TENDERED, _INVOICED, _chain(*_ISSUE, "freight invoice")),
    Story.COUNTERED: (
        *_booked(
            HAULAGE, f"booking: book, {HAULAGE}", f"answer: {HAULAGE}, countered, ONE DAY LATER", "decision: accept",
            answer="accepted",
        ), _SHIPPED, _INVOICED,
    ),
    Story.OVERCHARGED: (
        *_TENDERED, _INVOICED, _chain(*_ISSUE, "freight invoice", "alert: freight mismatch, is raised"),
    ),
    Story.SHORT: (
        *_booked(SWIFT, "decision: book"), _INVOICED, _chain("warehouse: short"),
        _chain("alert: booking missing, is raised", "alert: booking missing, is resolved"),
    ),
    Story.OVER: (
        _chain("order"), _chain("release: released"), _chain("warehouse: packed", "alert: booking missing, is raised"),
    ),
    Story.DOCUMENTED: (
        *_SWIFT, _PROVED, _chain("milestone: delivered", "document: stored", "posting: proof of delivery"),
    ),
    Story.DOCUMENT_LATE: (
        *_SWIFT, _PROVED, _ALERTED, _OVER,
        _chain("milestone: delivered", "document: waiting, 404", "document: stored", "posting: proof of delivery"),
        _chain("milestone: delivered", "chase"),
    ),
    Story.DOCUMENT_PAGE: (
        *_SWIFT, _ALERTED, _chain("milestone: delivered", "document: waiting, text/html"),
        _chain("milestone: delivered", "chase"),
    ),
    Story.DOCUMENT_REPLACED: (*_SWIFT, _PROVED, _chain(
        "document: stored", "posting: proof of delivery", "document: stored", "posting: proof of delivery",
    )),
}


def missing(story: Story, steps: Sequence[Step]) -> Iterator[str]:
    """Each step that the story's way has and a trace does not, at its place, in words."""
    for chain in WAYS[story]:
        rest = iter(steps)
        for place, must in enumerate(chain):
            if not any(must.is_(step) for step in rest):
                after = f" after {_words(chain[place - 1])}" if place else ""
                yield f"no {_words(must)}{after}"
                break


def _words(must: Must) -> str:
    return f"{must.kind} ({', '.join(must.words)})" if must.words else must.kind
