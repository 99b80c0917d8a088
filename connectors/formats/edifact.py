"""UN/EDIFACT interchanges (ISO 9735, syntax versions 1 to 4), read leniently: envelope errors
are recorded and the messages still read.

UNA defines the separators, else the standard's apply. A body may hold several interchanges, with or without functional
groups. Wrong counts, mismatched references and missing trailers become flags on the enclosed messages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from connectors.formats.room import EDIFACT_INTERCHANGE_BYTES, EDIFACT_MESSAGE_BYTES, Room
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import Flag, RejectReason

Segment = list[list[str]]
"""Elements, each a list of components; the first holds the tag."""
_DEFAULT = ":+.? '"
_UNA_LENGTH = 9
_CHARSETS = {
    "UNOA": "ascii", "UNOB": "ascii", "UNOC": "latin-1", "UNOD": "iso8859-2", "UNOE": "iso8859-5", "UNOF": "iso8859-7",
    "UNOG": "iso8859-3", "UNOH": "iso8859-4", "UNOI": "iso8859-6", "UNOJ": "iso8859-8", "UNOK": "iso8859-9",
    "UNOW": "utf-8", "UNOX": "iso2022_jp", "UNOY": "utf-8",
}
_SECURITY = "US"
"""Tags of the service segments that may stand between UNB and UNH (ISO 9735-5)."""
_MAX_ALIKE = 2_000
"""Segments of one body that are kept once however often they repeat; nobody changes a segment."""
_STAND_INS = "\ud800\ud801\ud802"
"""Stands in for released characters while a segment is split: lone surrogates, which no decoded text holds."""
_MAX_SHOWN = 40
_IDENTIFIER = re.compile(rb"UNB.(UNO[A-Z])")


@dataclass(slots=True, eq=False)
class Interchange:
    """One UNB..UNZ. ``counted``: the count in UNZ, None without one; ``faults``: texts after their code (0085)."""

    unb: Segment
    counted: str | None = None
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Message:
    """One UNH..UNT. ``kind``: IFTSTA, CONTRL, ...; ``release``: ``D:96A``; ``segments``: those between the two."""

    kind: str
    release: str
    control: str
    interchange: Interchange
    segments: list[Segment] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Separators:
    """The separators of UNA: component, data element, release character and segment terminator."""

    component: str
    element: str
    release: str
    terminator: str


def read(body: bytes) -> tuple[list[Message], list[Reject]]:
    """Return all messages of all interchanges in order, and rejects of the unreadable parts.

    Raises Reject ``not_text``, and ``malformed`` if the body starts with neither UNA nor UNB, holds no message, or more
    interchanges or messages than have room in it.
    """
    text = _text(body)
    reader = _Reader(len(body))
    for segment in segments(text):
        reader.take(segment)
    reader.finish()
    if not reader.messages:
        raise Reject(RejectReason.MALFORMED, "no message: no UNH segment under the separators declared", "UNH")
    _flag_repeated(reader.messages)
    return reader.messages, reader.outside_rejects()


def segments(text: str) -> Iterator[Segment]:
    """Yield the segments of all interchanges. Raises Reject ``malformed`` unless the text starts with UNA or UNB."""
    start = text.lstrip()
    if not start.startswith(("UNA", "UNB")):
        raise Reject(RejectReason.MALFORMED, f"an interchange starts with UNA or UNB, this with {start[:8]!r}", "UNB")
    separators = _separators(_DEFAULT)
    alike: dict[str, Segment] = {}
    for raw in _raw_segments(start, separators):
        if isinstance(raw, Separators):
            separators, alike = raw, {}
            continue
        segment = alike.get(raw)
        if segment is None:
            segment = _parsed(raw, separators)
            if len(alike) < _MAX_ALIKE:
                alike[raw] = segment
        yield segment


def _raw_segments(text: str, separators: Separators) -> Iterator[str | Separators]:
    """Yield the text of each segment, and the new separators of each UNA."""
    position = 0
    while position < len(text):
        while position < len(text) and text[position].isspace():
            position += 1
        if text.startswith("UNA", position):
            separators = _separators(text[position + 3:position + _UNA_LENGTH])
            yield separators
            position += _UNA_LENGTH
            continue
        end = _end(text, position, separators)
        segment = text[position:end].strip("\r\n")
        if segment.strip():
            yield segment
        position = end + 1


def _end(text: str, start: int, separators: Separators) -> int:
    """Return the index of the next unreleased terminator; the length of the text without one."""
    end = text.find(separators.terminator, start)
    while end > 0 and separators.release != " ":
        before = end
        while before > start and text[before - 1] == separators.release:
            before -= 1
        if (end - before) % 2 == 0:
            break
        end = text.find(separators.terminator, end + 1)
    return len(text) if end < 0 else end


def _separators(una: str) -> Separators:
    if len(una) < 6 or una[5].isalnum() or una[0].isalnum() or una[1].isalnum() or len({una[0], una[1], una[5]}) < 3:
        raise Reject(RejectReason.MALFORMED, f"UNA cut short, or with letters for separators: {una!r}", "UNA")
    return Separators(una[0], una[1], una[3], una[5])


def _parsed(raw: str, separators: Separators) -> Segment:
    component, element, release = separators.component, separators.element, separators.release
    if release == " " or release not in raw:
        return [part.split(component) for part in raw.split(element)]
    bare, ending, released = _without_releases(raw, separators)
    segment = [part.split(component) for part in bare.split(element)]
    if released:
        segment = [[_put_back(part, released) for part in parts] for parts in segment]
    segment[-1][-1] += ending
    return segment


def _without_releases(raw: str, separators: Separators) -> tuple[str, str, list[tuple[str, str]]]:
    """Return the text with a stand-in for each released separator and the other release characters taken out, a release
    character that ends the text (it releases nothing), and the stand-ins in use, each with what it stands for.
    """
    release = separators.release
    released = []
    for stand_in, character in zip(_STAND_INS, (release, separators.element, separators.component), strict=True):
        if release + character in raw:
            raw = raw.replace(release + character, stand_in)
            released.append((stand_in, character))
    ending = release if raw.endswith(release) else ""
    return raw.replace(release, ""), ending, released


def _put_back(part: str, released: list[tuple[str, str]]) -> str:
    for stand_in, character in released:
        part = part.replace(stand_in, character)
    return part


def _text(body: bytes) -> str:
    found = _IDENTIFIER.search(body[:200])
    charset = _CHARSETS.get(found[1].decode(), "utf-8") if found else "utf-8"
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if not body.lstrip(b"\xef\xbb\xbf\r\n\t ").startswith((b"UNA", b"UNB")):
            raise Reject(RejectReason.NOT_TEXT, f"not UTF-8: {error.reason} at byte {error.start}") from error
        return body.decode("latin-1" if charset in ("ascii", "utf-8") else charset, "replace")


def at(segment: Segment, element: int, component: int = 0) -> str:
    """Return a component, stripped; empty if missing. Element 0 is the tag."""
    if element >= len(segment) or component >= len(segment[element]):
        return ""
    return segment[element][component].strip()


class _Reader:
    """Collects messages from segments and records the errors of their envelopes."""

    def __init__(self, size: int) -> None:
        """``size``: of the body, in bytes."""
        self.messages: list[Message] = []
        self._interchanges = Room(size, EDIFACT_INTERCHANGE_BYTES, "interchanges")
        self._room = Room(size, EDIFACT_MESSAGE_BYTES, "messages")
        self._interchange: Interchange | None = None
        self._in_interchange: list[Message] = []
        self._in_group: list[Message] = []
        self._group: str | None = None
        self._groups = 0
        self._open: Message | None = None
        self._outside = 0
        self._first_outside: Segment = []

    def outside_rejects(self) -> list[Reject]:
        """Return a reject of the segments outside of any message (a damaged UNH, or text that is no EDIFACT)."""
        if not self._outside:
            return []
        first = "+".join(map(":".join, self._first_outside))[:_MAX_SHOWN]
        return [Reject(
            RejectReason.MALFORMED, f"{self._outside} segments outside of any message, from {first!r} on", "UNH"
        )]

    def take(self, segment: Segment) -> None:
        tag = segment[0][0]
        if self._open is not None and tag not in _ENVELOPE:
            self._open.segments.append(segment)
            return
        handle = _ENVELOPE.get(tag)
        if handle is not None:
            handle(self, segment)
        elif not tag.startswith(_SECURITY):
            self._note_outside(segment)

    def _note_outside(self, segment: Segment) -> None:
        self._outside += 1
        self._first_outside = self._first_outside or segment

    def unb(self, segment: Segment) -> None:
        self.finish()
        self._interchanges.take()
        self._interchange = Interchange(segment)

    def ung(self, segment: Segment) -> None:
        self._end_group(None)
        self._group, self._groups = at(segment, 5), self._groups + 1

    def unh(self, segment: Segment) -> None:
        self._end_message(None)
        self._room.take()
        if self._interchange is None:
            self._interchanges.take()
            self._interchange = Interchange([["UNB"]])
        release = ":".join(part for part in (at(segment, 2, 1), at(segment, 2, 2)) if part)
        self._open = Message(at(segment, 2), release, at(segment, 1), self._interchange)
        self.messages.append(self._open)
        self._in_interchange.append(self._open)
        self._in_group.append(self._open)

    def unt(self, segment: Segment) -> None:
        self._end_message(segment)

    def une(self, segment: Segment) -> None:
        self._end_group(segment)

    def unz(self, segment: Segment) -> None:
        self._end_group(None)
        interchange = self._interchange
        if interchange is None:
            return
        interchange.counted = at(segment, 1)
        there = self._groups or len(self._in_interchange)
        if at(segment, 1).lstrip("0") != str(there):
            _flag(self._in_interchange, Flag.ENVELOPE_COUNTS_WRONG)
            interchange.faults.append(f"29: UNZ counts {at(segment, 1) or 'nothing'}, not {there}")
        if at(segment, 2) != at(interchange.unb, 5):
            _flag(self._in_interchange, Flag.CONTROL_NUMBER_MISMATCH)
            control = at(interchange.unb, 5)
            interchange.faults.append(f"28: UNZ refers to {at(segment, 2) or 'nothing'}, UNB to {control}")
        self._reset()

    def finish(self) -> None:
        """End an interchange without a UNZ and flag its messages."""
        self._end_group(None)
        if self._interchange is not None and self._in_interchange:
            _flag(self._in_interchange, Flag.ENVELOPE_TRUNCATED)
            self._interchange.faults.append("13: UNZ is missing")
        self._reset()

    def _reset(self) -> None:
        self._interchange, self._in_interchange, self._groups = None, [], 0

    def _end_message(self, trailer: Segment | None) -> None:
        current, self._open = self._open, None
        if current is None:
            if trailer is not None:
                self._note_outside(trailer)
            return
        if trailer is None:
            _flag([current], Flag.ENVELOPE_TRUNCATED)
            current.faults.append("13: UNT is missing")
            return
        if at(trailer, 1).lstrip("0") != str(len(current.segments) + 2):
            _flag([current], Flag.ENVELOPE_COUNTS_WRONG)
            current.faults.append(f"29: UNT counts {at(trailer, 1) or 'nothing'}, not {len(current.segments) + 2}")
        if at(trailer, 2) != current.control:
            _flag([current], Flag.CONTROL_NUMBER_MISMATCH)
            current.faults.append(f"28: UNT refers to {at(trailer, 2) or 'nothing'}, UNH to {current.control}")

    def _end_group(self, trailer: Segment | None) -> None:
        self._end_message(None)
        group, self._in_group = self._in_group, []
        reference, self._group = self._group, None
        if reference is None or not group:
            return
        faults = group[0].interchange.faults
        if trailer is None:
            _flag(group, Flag.ENVELOPE_TRUNCATED)
            faults.append("13: UNE is missing")
            return
        if at(trailer, 1).lstrip("0") != str(len(group)):
            _flag(group, Flag.ENVELOPE_COUNTS_WRONG)
            faults.append(f"29: UNE counts {at(trailer, 1) or 'nothing'}, not {len(group)}")
        if at(trailer, 2) != reference:
            _flag(group, Flag.CONTROL_NUMBER_MISMATCH)
            faults.append(f"28: UNE refers to {at(trailer, 2) or 'nothing'}, UNG to {reference}")


_ENVELOPE = {
    "UNB": _Reader.unb, "UNG": _Reader.ung, "UNH": _Reader.unh, "UNT": _Reader.unt, "UNE": _Reader.une,
    "UNZ": _Reader.unz,
}


def _flag(messages: list[Message], flag: Flag) -> None:
    for one in messages:
        if flag.value not in one.flags:
            one.flags.append(flag.value)


def _flag_repeated(messages: list[Message]) -> None:
    seen: set[tuple[str, str, str]] = set()
    for one in messages:
        key = (at(one.interchange.unb, 2), at(one.interchange.unb, 5), one.control)
        if key in seen:
            _flag([one], Flag.CONTROL_NUMBER_REPEATED)
            one.faults.append(f"26: reference {one.control or '(none)'} is repeated")
        seen.add(key)
