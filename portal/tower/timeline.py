"""One line of time about one shipment: each event beside what it came from, what customers were told of it, and what it
posted; what was taken back beside its cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from connectors.read_store.reader import ToldEvent, ToldPosting, ToldWord
from portal.views.told import Told, sentences
from streams.contracts.model import CarrierEvent, ErpPosting
from streams.kernel.vocabulary import Correction


class Posted(NamedTuple):
    """A posting. ``reversed_at``: when another posting reversed it, UTC ms; None: it stands."""

    at: int
    posting: ErpPosting
    reversed_at: int | None


class Entry(NamedTuple):
    """One moment. ``event``: None where only its consequences are known. ``taken_back_by``: the event that retracted or
    replaced it; ``corrects``: the event that this one corrects; ``late``: it came after a later one."""

    at: int
    event: CarrierEvent | None
    told_at: int | None
    late: bool
    same_as: str | None
    taken_back_by: CarrierEvent | None
    corrects: CarrierEvent | None
    words: Sequence[Told]
    postings: Sequence[Posted]

    @property
    def offset(self) -> int | None:
        """Minutes from UTC at the place of the event; None where nobody says."""
        if self.event is not None:
            return self.event.utc_offset_minutes
        return self.words[0].word.utc_offset_minutes if self.words else None


def entries(
    events: Iterable[ToldEvent], words: Iterable[ToldWord], postings: Iterable[ToldPosting]
) -> list[Entry]:
    """The moments, the newest first."""
    told = [(one.told_at, one.event, one.event.event) for one in events if isinstance(one.event.event, CarrierEvent)]
    by_id = {event.event_id: event for _, _, event in told if event.correction is Correction.NEW}
    taken_back = {event.corrects: event for _, _, event in told if event.corrects is not None}
    of_event: dict[str, list[Told]] = {}
    for word in sentences(words):
        of_event.setdefault(word.word.event_id, []).append(word)
    posted_by: dict[str, list[Posted]] = {}
    for posting in _posted(postings):
        posted_by.setdefault(posting.posting.event_id, []).append(posting)
    found = []
    for at, enriched, event in told:
        back = taken_back.get(event.event_id)
        found.append(Entry(
            event.occurred_at, event, at, enriched.late, enriched.same_as, back if back is not event else None,
            by_id.get(event.corrects or ""), of_event.pop(event.event_id, []), posted_by.pop(event.event_id, []),
        ))
    for event_id in {*of_event, *posted_by}:
        theirs, booked = of_event.get(event_id, []), posted_by.get(event_id, [])
        at = theirs[0].word.occurred_at if theirs else booked[0].posting.occurred_at
        found.append(Entry(at, None, None, False, None, None, None, theirs, booked))
    return sorted(found, key=lambda one: (-one.at, -(one.told_at or 0)))


def _posted(postings: Iterable[ToldPosting]) -> list[Posted]:
    known = list(postings)
    reversed_at = {one.posting.reverses: one.told_at for one in known if one.posting.reverses}
    return [Posted(one.told_at, one.posting, reversed_at.get(one.posting.posting_id)) for one in known]
