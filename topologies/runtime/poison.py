"""Sends a record that crashes its worker repeatedly to the dead letters, so that its partition moves on.

An unexpected exception stops the process before any output of the chunk is final. The process first writes to
disk which records it was handling. After several crashes on the same records, the handler gets them one by one,
and those that raise are refused as ``poison``. If too many raise, the program is at fault, not the records: the
worker stops as before, and no record is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from streams.contracts.model import Record
from streams.kernel.errors import Fatal, Reject, ShipSyncError
from streams.kernel.vocabulary import RejectReason
from topologies.runtime.chunks import TopicPartition
from topologies.runtime.handler import Change, Handled, Handler, Refused, View

FOLDER = "crashes"
MOST_OF_A_HUNDRED = 1


class Note(msgspec.Struct):
    """Offsets a worker crashed on, from ``first`` to before ``end``; ``count``: crashes so far."""

    topic: str
    partition: int
    first: int
    end: int
    count: int


class Crashes:
    """The notes of one stage, one file per partition in ``folder``. ``patience``: crashes before a refusal."""

    def __init__(self, folder: Path, patience: int) -> None:
        self._folder = folder
        self._patience = patience
        self._notes: dict[TopicPartition, Note] = {}
        for path in folder.glob("*.json"):
            note = _read(path)
            if note is not None:
                self._notes[TopicPartition(note.topic, note.partition)] = note

    def note(self, tp: TopicPartition, first: int, end: int) -> None:
        """Record a crash on offsets ``first`` to before ``end``; the overlap with the last crash is suspected."""
        known = self._notes.get(tp)
        if known is not None and known.first < end and first < known.end:
            known = Note(*tp, max(first, known.first), min(end, known.end), known.count + 1)
        else:
            known = Note(*tp, first, end, 1)
        self._notes[tp] = known
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(tp)
        draft = path.with_suffix(".draft")
        draft.write_bytes(msgspec.json.encode(known))
        draft.replace(path)

    def suspected(self, tp: TopicPartition, first: int, end: int) -> bool:
        """Whether ``patience`` crashes are noted for some of these offsets, so that they are handled one by one."""
        known = self._notes.get(tp)
        return known is not None and known.count >= self._patience and known.first < end and first < known.end

    def passed(self, tp: TopicPartition, end: int) -> None:
        """Delete the note of the partition if every offset in it lies before ``end``, where processing stands."""
        known = self._notes.get(tp)
        if known is not None and known.end <= end:
            del self._notes[tp]
            self._path(tp).unlink(missing_ok=True)

    def _path(self, tp: TopicPartition) -> Path:
        return self._folder / f"{tp.topic}-{tp.partition}.json"


def _read(path: Path) -> Note | None:
    """The note; None for a file that cannot be decoded (the disk was full), which is deleted."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Note)
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


def one_by_one(handler: Handler, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
    """Handle each record of the chunk alone and add up the results; records that raise are refused as ``poison``.

    Raises Fatal if more than 1 + 1 % of the records raise, and every ShipSyncError of the handler.
    """
    whole = Handled()
    overlay = None if state is None else _Overlay(state)
    parked = 0
    for record in records:
        try:
            one = handler.handle([record], overlay, now_ms)
        except ShipSyncError:
            raise
        except Exception as error:
            parked += 1
            if parked > 1 + len(records) * MOST_OF_A_HUNDRED // 100:
                raise Fatal(f"{parked} of {len(records)} records cannot be handled, the last: {error!r}") from error
            reject = Reject(RejectReason.POISON, f"ended the worker again and again: {error!r}")
            whole.refused.append(Refused(record, reject))
            whole.counts["refused"] = whole.counts.get("refused", 0) + 1
            continue
        _add(whole, one)
        if overlay is not None:
            overlay.changes.update(one.changes)
    return whole


def _add(whole: Handled, one: Handled) -> None:
    for topic, messages in one.outputs.items():
        whole.outputs.setdefault(topic, []).extend(messages)
    whole.refused += one.refused
    whole.changes |= one.changes
    for key, held in one.afterwards.items():
        for topic, messages in held.items():
            whole.afterwards.setdefault(key, {}).setdefault(topic, []).extend(messages)
    whole.local |= one.local
    for name, number in one.counts.items():
        whole.counts[name] = whole.counts.get(name, 0) + number
