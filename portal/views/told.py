"""Customers' sentences as they stand: which were taken back or replaced since."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from connectors.read_store.reader import ToldWord
from streams.contracts.model import CustomerUpdate
from streams.kernel.vocabulary import Correction


class Told(NamedTuple):
    """A customer's sentence and when it was sent, UTC ms. ``ended_at``: when it was retracted or replaced; None: it
    stands. ``replaced``: another sentence came in its place."""

    at: int
    word: CustomerUpdate
    ended_at: int | None
    replaced: bool


def sentences(words: Iterable[ToldWord]) -> list[Told]:
    """Every sentence once, in the order they were sent. A retraction is no sentence of its own, unless the one it takes
    back is not known."""
    by_update: dict[tuple[str, str], list[ToldWord]] = {}
    for one in words:
        by_update.setdefault((one.word.customer_id, one.word.update_id), []).append(one)
    found = []
    for sent in by_update.values():
        sent.sort(key=lambda one: (one.told_at, _TURN[one.word.correction]))
        if [one.word.correction for one in sent] == [Correction.RETRACTS]:
            found.append(Told(sent[0].told_at, sent[0].word, sent[0].told_at, False))
            continue
        for place, one in enumerate(sent):
            if one.word.correction is not Correction.RETRACTS:
                later = sent[place + 1] if place + 1 < len(sent) else None
                found.append(Told(
                    one.told_at, one.word, later.told_at if later else None,
                    later is not None and later.word.correction is not Correction.RETRACTS,
                ))
    return sorted(found, key=lambda one: one.at)


_TURN = {Correction.NEW: 0, Correction.REPLACES: 1, Correction.RETRACTS: 2}
"""Of sentences of the same millisecond."""
