"""Counts what a mapping made of files: mapped, doubtful, unmapped, refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from streams.contracts.model import CarrierEvent
from streams.kernel.vocabulary import Flag
from topologies.operations.dry_run import Tried

ZONE_ASSUMED = "zone_assumed"


class Summary(Struct):
    """Counts over files. ``mapped``: events whose code is known, by milestone; ``doubtful``: those of them that say so
    themselves, by each reason; ``unmapped``: by code and words; ``refused``: by reason; ``acknowledged``: sets that
    the partner acknowledges; ``carrier_errors``: answers that the carrier has nothing to tell."""

    files: int = 0
    events: int = 0
    mapped: dict[str, int] = field(default_factory=dict)
    doubtful_events: int = 0
    doubtful: dict[str, int] = field(default_factory=dict)
    unmapped: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    acknowledged: int = 0
    carrier_errors: int = 0


def summary_of(tried: Iterable[Tried]) -> Summary:
    """Count what became of the files."""
    found = Summary()
    mapped, doubts, unmapped, refused = (Counter[str]() for _ in range(4))
    for one in tried:
        found.files += 1
        found.events += len(one.events)
        found.carrier_errors += len(one.errors)
        found.acknowledged += sum(len(each.messages) for each in one.acknowledgements)
        refused.update(reject.reason.value for reject in one.rejects)
        for event in one.events:
            if Flag.CODE_UNMAPPED.value in event.flags:
                unmapped[" ".join(filter(None, (event.carrier_code, event.carrier_text)))] += 1
                continue
            mapped[event.milestone.value] += 1
            reasons = [*doubts_of(event)]
            doubts.update(reasons)
            found.doubtful_events += bool(reasons)
    found.mapped, found.doubtful = dict(mapped.most_common()), dict(doubts.most_common())
    found.unmapped, found.refused = dict(unmapped.most_common()), dict(refused.most_common())
    return found


def doubts_of(event: CarrierEvent) -> Iterator[str]:
    """Why a mapped event is doubtful: its flags, and a zone that was assumed."""
    if event.zone_assumed:
        yield ZONE_ASSUMED
    yield from event.flags
