"""Sends a record that ends its worker repeatedly to the dead letters, so that its partition moves on.

Whatever ends the worker while the handler is at work (an exception, a hang, memory, a kill), the next run knows which
records were in hand (``in_hand.py``, or the note of an exception). They are then handled one by one, so that the one
at fault is found. After several ends over it, a record that raises is refused as ``poison``, and one that never let
the handler return is refused without being tried again. If too many raise, the program is at fault, not the records:
the worker stops as before, and no record is refused.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from connectors.formats.prepared_types import prepared
from streams.contracts.model import Record
from streams.kernel.errors import Fatal, Reject, ShipSyncError
from streams.kernel.vocabulary import RejectReason
from topologies.runtime.handler import Change, Handled, Handler, Refused, View
from topologies.runtime.reading.chunks import TopicPartition
from topologies.runtime.watching.in_hand import InHand

log = logging.getLogger(__name__)

FOLDER = "crashes"
MOST_OF_A_HUNDRED = 1
ALONE = 2
"""Requires that a record was in hand alone so many times when the worker ended, before it is refused without being
tried: a kill meets any record once."""


class Note(msgspec.Struct):
    """Offsets a worker ended over, from ``first`` to before ``end``; ``count``: ends so far, ``alone``: those of them
    with this one record in hand, and no exception. ``condemned``: offsets before them that are not tried again."""

    topic: str
    partition: int
    first: int
    end: int
    count: int
    alone: int = 0
    condemned: list[int] = []


class Crashes:
    """The notes of one stage, one file per partition in ``folder``. ``patience``: ends before a refusal."""

    def __init__(self, folder: Path, patience: int) -> None:
        self._folder = folder
        self._patience = patience
        self._notes: dict[TopicPartition, Note] = {}
        for path in folder.glob("*.json"):
            note = _read(path)
            if note is not None:
                self._notes[TopicPartition(note.topic, note.partition)] = note

    def note(self, tp: TopicPartition, first: int, end: int, alone: bool = False) -> None:
        """Record an end over offsets ``first`` to before ``end``; the overlap with the last one is suspected.

        ``alone``: this one record was in hand, and raised nothing that could be told.
        """
        known = self._notes.get(tp)
        if known is not None and known.first < end and first < known.end:
            known = Note(
                *tp, max(first, known.first), min(end, known.end), known.count + 1, known.alone + alone, known.condemned
            )
        else:
            known = Note(*tp, first, end, 1, int(alone), [] if known is None else self._all_condemned(known))
        self._notes[tp] = known
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(tp)
        draft = path.with_suffix(".draft")
        draft.write_bytes(msgspec.json.encode(known))
        draft.replace(path)

    def suspected(self, tp: TopicPartition, first: int, end: int) -> bool:
        """Whether the worker ended over some of these offsets, so that they are handled one by one."""
        known = self._notes.get(tp)
        return known is not None and (
            (known.first < end and first < known.end) or any(first <= offset < end for offset in known.condemned)
        )

    def exhausted(self, tp: TopicPartition, first: int, end: int) -> bool:
        """Whether patience with these offsets is up: what of them raises again is refused."""
        known = self._notes.get(tp)
        return self.suspected(tp, first, end) and known is not None and known.count >= self._patience

    def condemned(self, tp: TopicPartition, offset: int) -> bool:
        """Whether this record is refused without being tried again."""
        known = self._notes.get(tp)
        return known is not None and offset in self._all_condemned(known)

    def _all_condemned(self, known: Note) -> list[int]:
        if known.end - known.first > 1 or known.count < self._patience or known.alone < min(ALONE, self._patience):
            return known.condemned
        return [*known.condemned, known.first]

    def passed(self, tp: TopicPartition, end: int) -> None:
        """Delete the note of the partition if every offset in it lies before ``end``, where processing stands."""
        known = self._notes.get(tp)
        if known is not None and known.end <= end and max(known.condemned, default=-1) < end:
            del self._notes[tp]
            self._path(tp).unlink(missing_ok=True)

    def _path(self, tp: TopicPartition) -> Path:
        return self._folder / f"{tp.topic}-{tp.partition}.json"


def _read(path: Path) -> Note | None:
    """The note; None for a file that cannot be decoded (the disk was full), which is deleted."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=prepared(Note))
    except msgspec.DecodeError:
        path.unlink()
        return None


class _Overlay:
    """A view of the state with the changes so far applied, none of them written."""

    def __init__(self, below: View) -> None:
        self._below = below
        self.changes: dict[bytes, Change] = {}

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """As :class:`View`."""
        return [
            self.changes[key].local if key in self.changes else found
            for key, found in zip(keys, self._below.get_many(keys), strict=True)
        ]

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """As :class:`View`."""
        found: dict[bytes, bytes | None] = dict(self._below.scan(prefix))
        found.update({key: change.local for key, change in self.changes.items() if key.startswith(prefix)})
        return iter(sorted((key, value) for key, value in found.items() if value is not None))


class Handling:
    """A stage's handler at work: what it has in hand is noted, and chunks it ended over before are taken one by one.

    ``in_hand`` and ``crashes``: of this worker. What the run before left in hand is noted as a crash here.
    """

    def __init__(self, handler: Handler, in_hand: InHand, crashes: Crashes) -> None:
        self._handler = handler
        self._in_hand = in_hand
        self._crashes = crashes
        left = in_hand.left()
        if left is not None:
            crashes.note(left.tp, left.first, left.end, alone=left.end - left.first == 1)

    def handle(
        self, tp: TopicPartition, records: Sequence[Record], end: int, state: View | None, now_ms: int
    ) -> Handled:
        """Handle a chunk. An exception that is none of ours is noted and passed on; ShipSyncErrors are passed on."""
        first = records[0].offset
        if self._crashes.suspected(tp, first, end):
            log.warning("%s[%d] @ %d to %d ended the worker before: taken record by record", *tp, first, end)
            return self._one_by_one(tp, records, end, state, now_ms)
        try:
            with self._in_hand.holding(tp, first, end):
                return self._handler.handle(records, state, now_ms)
        except ShipSyncError:
            raise
        except Exception:
            self._crashes.note(tp, first, end)
            raise

    def passed(self, tp: TopicPartition, end: int) -> None:
        """Processing of the partition stands at ``end``."""
        self._crashes.passed(tp, end)

    def _one_by_one(
        self, tp: TopicPartition, records: Sequence[Record], end: int, state: View | None, now_ms: int
    ) -> Handled:
        """Handle each record of the chunk alone and add up the results; refuse as ``poison`` what patience is up with.

        Raises Fatal if more than 1 + 1 % of the records raise, and every ShipSyncError of the handler.
        """
        whole, parked = Handled(), 0
        is_up = self._crashes.exhausted(tp, records[0].offset, end)
        overlay = None if state is None else _Overlay(state)
        for record in records:
            one, error = self._alone(tp, record, overlay, now_ms, is_up)
            if error is not None:
                parked += 1
                if parked > 1 + len(records) * MOST_OF_A_HUNDRED // 100:
                    raise Fatal(f"{parked} of {len(records)} records cannot be handled, the last: {error!r}") from error
            if one.paused:
                return one
            _add(whole, one)
            if overlay is not None:
                overlay.changes.update(one.changes)
        return whole

    def _alone(
        self, tp: TopicPartition, record: Record, state: View | None, now_ms: int, is_up: bool
    ) -> tuple[Handled, Exception | None]:
        """Handles one record alone. Returns its result, and the exception where it is refused for one. ``is_up``: no
        attempt is left."""
        offset = record.offset
        if self._crashes.condemned(tp, offset):
            return _poison(record, "the worker ended again and again while it handled this record"), None
        try:
            with self._in_hand.holding(tp, offset, offset + 1):
                return self._handler.handle([record], state, now_ms), None
        except ShipSyncError:
            raise
        except Exception as error:
            if not is_up:
                self._crashes.note(tp, offset, offset + 1)
                raise
            return _poison(record, f"ended the worker again and again: {error!r}"), error


def _poison(record: Record, detail: str) -> Handled:
    return Handled(refused=[Refused(record, Reject(RejectReason.POISON, detail))], counts={"refused": 1})


def _add(whole: Handled, one: Handled) -> None:
    for topic, messages in one.outputs.items():
        whole.outputs.setdefault(topic, []).extend(messages)
    whole.refused += one.refused
    whole.changes |= one.changes
    for about, held in one.afterwards.items():
        for topic, messages in held.items():
            whole.afterwards.setdefault(about, {}).setdefault(topic, []).extend(messages)
    whole.local |= one.local
    for name, number in one.counts.items():
        whole.counts[name] = whole.counts.get(name, 0) + number
    for key, number in one.carrier_errors.items():
        whole.carrier_errors[key] = whole.carrier_errors.get(key, 0) + number
    for key, number in one.flags.items():
        whole.flags[key] = whole.flags.get(key, 0) + number
