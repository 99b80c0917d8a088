"""Maps carrier files as intake would, without a broker, and reports what the mapping misses."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct, field

from config.settings import Settings
from config.topics import raw
from connectors.carriers import Carrier
from connectors.drafting.marks import GuessLeft, guesses_in
from connectors.mapping.declared.published_codes import PublishedList
from streams.contracts.model import Acknowledgement, CarrierEvent
from streams.intake.payload_shape import BREAKS_CONTRACT
from streams.intake.step import HeaderNames, step
from streams.kernel.carrier_errors import CarrierError
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import Direction, Flag, RejectReason
from topologies.operations.kept_cases import NOTHING, Recorded
from topologies.operations.mapping_traps import Trap, traps_in

HEADERS = HeaderNames()
NO_FAULT = frozenset({RejectReason.UNSUPPORTED_MESSAGE})
"""Reasons to refuse a message that is no tracking message; such a refusal is no fault."""
SELDOM = frozenset({
    "corrects", "flags", "source", "zone_assumed", "correction", "stated_at", "leg", "carrier_event_id",
    "piece_count", "carrier_shipment_id", "estimated_delivery_from",
})
"""Fields that a complete mapping may leave empty."""


class _File(NamedTuple):
    """A file, shaped as the raw record intake would read."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Tried(NamedTuple):
    """One file: its events in the payload's order, what in it could not be used, the carrier's own errors, its fields
    with the kinds of their values (``streams/intake/payload_shape.py``), and EDI that a partner acknowledges in it."""

    file: Path
    events: list[CarrierEvent]
    rejects: list[Reject]
    errors: list[CarrierError]
    shape: frozenset[str] = frozenset()
    acknowledgements: Sequence[Acknowledgement] = ()


class Unmapped(Struct, frozen=True):
    """A code the tables do not know, with the carrier's words, how often, and a file it stands in."""

    code: str
    text: str
    times: int
    file: str


class Breach(Struct, frozen=True):
    """A field the mapping relies on that was not as it should be, how often, and a file it stands in."""

    path: str
    reason: str
    times: int
    file: str


class Drift(Struct):
    """How the files differ from the carrier's contract. ``breaches`` of what the mapping relies on; ``two_kinds``:
    fields whose value is of one kind here and of another there; ``new`` and ``gone``: fields (with their kinds) that
    earlier files never had, and that only those had. ``compared``: whether there were earlier files.
    """

    breaches: list[Breach] = field(default_factory=list)
    two_kinds: list[str] = field(default_factory=list)
    compared: bool = False
    new: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


class Findings(Struct):
    """Collects the gaps of a mapping, over all files tried. ``refused``: (file, reason, detail) of each refusal;
    ``carrier_errors``: how many answers say that the carrier has nothing to tell. ``published``: how much of its
    published code lists the mapping knows. ``guesses``: the marks of the draft that nobody has settled; ``traps``:
    mistakes that are frequent in mappings and may be in this one; none counts as a fault. ``recorded``: how many
    unknown codes and refusals were left out, as the kept cases are to show them."""

    files: int = 0
    events: int = 0
    carrier_errors: int = 0
    unmapped: list[Unmapped] = field(default_factory=list)
    never_filled: list[str] = field(default_factory=list)
    refused: list[tuple[str, str, str]] = field(default_factory=list)
    drift: Drift = field(default_factory=Drift)
    published: list[PublishedList] = field(default_factory=list)
    guesses: list[GuessLeft] = field(default_factory=list)
    traps: list[Trap] = field(default_factory=list)
    recorded: int = 0

    @property
    def faults(self) -> int:
        """Codes not known, refusals that are the mapping's or the payload's fault, and guesses not settled."""
        wrong = [one for one in self.refused if one[1] not in {reason.value for reason in NO_FAULT}]
        return len(self.unmapped) + len(wrong) + len(self.guesses)


def read_file(carrier: Carrier, file: Path, settings: Settings, asked: str = "") -> Tried:
    """Map the file as intake would if it were received now. ``asked``: the number that a poller had asked for."""
    now_ms = time.time_ns() // 1_000_000
    headers = ((HEADERS.asked_number, asked.encode()),) if asked else ()
    record = _File(raw(carrier.feed).name, 0, 0, now_ms, None, file.read_bytes(), headers)
    taken = step([record], {carrier.feed: carrier.adapter}, now_ms, settings.intake.max_record_bytes)
    events = [*taken.outputs.events, *(event for _, event in taken.outputs.unresolved)]
    return Tried(
        file, sorted(events, key=lambda one: one.source.index), [reject for _, reject in taken.refused],
        [error for _, error in taken.outputs.carrier_errors], _shape(carrier, file),
        [one for one in taken.outputs.acknowledgements if one.direction is Direction.RECEIVED],
    )


def _shape(carrier: Carrier, file: Path) -> frozenset[str]:
    try:
        return frozenset(carrier.adapter.shape(file.read_bytes()))
    except Reject:
        return frozenset()


def guesses_left(carrier: Carrier) -> list[GuessLeft]:
    """The guesses in the carrier's file that nobody has settled."""
    return [] if carrier.file is None else guesses_in(carrier.file.read_text("utf-8"))


def examine(
    tried: Iterable[Tried], before: Sequence[Tried] = (), zone: str = "", recorded: Mapping[str, Recorded] | None = None
) -> Findings:
    """Finds the gaps of the mapping, and how the files differ from the carrier's contract and from ``before``.

    ``zone``: of the carrier's clocks. ``recorded``: by name of a file, what it is to show, which is no gap.
    """
    tried = list(tried)
    found = Findings(drift=_drift(tried, before))
    found.traps = traps_in([(one.file.name, event) for one in tried for event in one.events], zone)
    codes: Counter[tuple[str, str]] = Counter()
    where: dict[tuple[str, str], str] = {}
    filled: set[str] = set()
    for file, events, rejects, errors, *_ in tried:
        wanted = (recorded or {}).get(file.name, NOTHING)
        found.files += 1
        found.carrier_errors += len(errors)
        found.events += len(events)
        refused = [one for one in rejects if one.reason.value not in wanted.reasons]
        found.refused += [(file.name, reject.reason.value, reject.detail) for reject in refused]
        found.recorded += len(rejects) - len(refused)
        for event in events:
            filled.update(name for name in event.__struct_fields__ if getattr(event, name) not in (None, "", []))
            if Flag.CODE_UNMAPPED.value in event.flags and event.carrier_code in wanted.codes:
                found.recorded += 1
            elif Flag.CODE_UNMAPPED.value in event.flags:
                key = (event.carrier_code, event.carrier_text)
                codes[key] += 1
                where.setdefault(key, file.name)
    found.unmapped = [
        Unmapped(code, text, times, where[code, text]) for (code, text), times in codes.most_common()
    ]
    if found.events:
        fields = CarrierEvent.__struct_fields__
        found.never_filled = [name for name in fields if name not in filled and name not in SELDOM]
    return found


def _drift(tried: Sequence[Tried], before: Sequence[Tried]) -> Drift:
    broken: dict[tuple[str, str], list[str]] = {}
    for one in tried:
        for reject in one.rejects:
            if reject.reason in BREAKS_CONTRACT:
                broken.setdefault((reject.path or "", reject.reason.value), []).append(one.file.name)
    now, then = _parts(tried), _parts(before)
    kinds: dict[str, list[str]] = {}
    for part in sorted(now):
        name, colon, kind = part.rpartition(": ")
        if colon:
            kinds.setdefault(name, []).append(kind)
    return Drift(
        breaches=[
            Breach(path, reason, len(files), files[0])
            for (path, reason), files in sorted(broken.items(), key=lambda item: -len(item[1]))
        ],
        two_kinds=[f"{name}: {', '.join(found)}" for name, found in kinds.items() if len(found) > 1],
        compared=bool(before), new=sorted(now - then) if before else [], gone=sorted(then - now),
    )


def _parts(tried: Iterable[Tried]) -> set[str]:
    return {part for one in tried for part in one.shape}
