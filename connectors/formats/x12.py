"""ANSI X12 interchanges, read leniently: envelope errors are recorded and the sets still read.

Each ISA segment defines the separators; the segment terminator may be any one character, such as a newline or a
multibyte character. A body may hold several interchanges. Wrong counts, mismatched control numbers and missing trailers
become flags on the enclosed transaction sets (docs/decisions/0003-own-x12-tokenizer.md).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from connectors.formats.room import X12_INTERCHANGE_BYTES, X12_SET_BYTES, Room
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import Flag, RejectReason

Segment = list[str]
ISA_ELEMENTS = 16
_MAX_ALIKE = 2_000
"""Segments of one interchange that are kept once however often they repeat; nobody changes a segment."""


@dataclass(slots=True, eq=False)
class Group:
    """One GS..GE, or the sets outside of any. ``isa``, ``gs``: the header segments, elements stripped; ``gs`` is empty
    without a GS. ``counted``: the count in GE, None without one; ``faults``: error texts after their code (data element
    716).
    """

    isa: Segment
    gs: Segment
    counted: str | None = None
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class TransactionSet:
    """One ST..SE. ``segments``: those between the two, elements stripped; ``flags``: of all its envelopes;
    ``faults``: error texts of the set after their code (data element 718).
    """

    code: str
    control: str
    sender: str
    segments: list[Segment]
    flags: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    group: Group = field(default_factory=lambda: Group([], []))


@dataclass(frozen=True, slots=True)
class Separators:
    """Element separator and segment terminator of one interchange. ``header_length``: characters of its ISA;
    ``nonstandard``: the ISA lacks its last element, or blanks stand before its terminator."""

    element: str
    terminator: str
    header_length: int
    nonstandard: bool = False


def text_of(body: bytes) -> str:
    """Decode an interchange as UTF-8, else as Latin-1 (older partners). Raises Reject ``not_text``."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text = body.decode("latin-1")
        if not text.lstrip().startswith("ISA"):
            raise Reject(RejectReason.NOT_TEXT, f"not UTF-8: {error.reason} at byte {error.start}") from error
    return text.strip()


def separators_of(text: str) -> Separators:
    """Return the separators of the interchange at the start of ``text``. Raises Reject ``malformed``.

    Two faults of partners' translators are read: an ISA without its last element (ISA16, the component separator), and
    blanks before the terminator.
    """
    if not text.startswith("ISA"):
        raise Reject(RejectReason.MALFORMED, f"an interchange starts with ISA, this with {text[:8]!r}", "ISA")
    element = text[3:4]
    parts = text[:200].split(element, ISA_ELEMENTS) if element else []
    short = _without_last_element(element, parts, text)
    if short is not None:
        return short
    if len(parts) <= ISA_ELEMENTS or len(parts[ISA_ELEMENTS]) < 2:
        raise Reject(RejectReason.MALFORMED, f"ISA cut short after {max(len(parts) - 1, 0)} elements", "ISA")
    last = parts[ISA_ELEMENTS]
    blanks = len(last) - 1 - len(last[1:].lstrip(" "))
    if blanks and last[1 + blanks:2 + blanks].isalnum():
        blanks = 0
    end = last[1 + blanks:2 + blanks]
    if _is_out_of_place(element, parts) or not end or end.isalnum():
        raise Reject(RejectReason.MALFORMED, "ISA cut short: its 16 elements do not stand where they must", "ISA")
    length = sum(map(len, parts[:ISA_ELEMENTS])) + ISA_ELEMENTS + 2 + blanks
    return Separators(element, end, length, bool(blanks))


def _without_last_element(element: str, parts: list[str], text: str) -> Separators | None:
    """Return the separators of an ISA that ends after ISA15, with or without the separator behind it.

    ``>`` and a line break behind ISA15 are ISA16 and the terminator, unless ``>`` also ends the segment before the ST.
    """
    if len(parts) < ISA_ELEMENTS or _is_out_of_place(element, [*parts[:15], parts[15][:1]]):
        return None
    usage = parts[15]
    rest = usage[1:] if len(usage) > 1 else element.join(parts[ISA_ELEMENTS:])
    end, following = rest[:1], rest[1:].lstrip("\r\n ")
    if not end or end.isalnum() or not following.startswith(("GS", "TA1")):
        return None
    ends_segments = rf"{re.escape(end)}[\r\n ]*ST{re.escape(element)}"
    if rest[1:2] != following[:1] and not re.search(ends_segments, text[:_MOST_OF_A_HEAD]):
        return None
    length = sum(map(len, parts[:15])) + ISA_ELEMENTS + 1 + (len(usage) == 1)
    return Separators(element, end, length, nonstandard=True)


def _is_out_of_place(element: str, parts: list[str]) -> bool:
    usage, control = parts[15].strip(), parts[13].strip()
    return element.isalnum() or len(usage) != 1 or not control.isdigit() or "\n" in parts[12]


def read(body: bytes) -> tuple[list[TransactionSet], list[Reject]]:
    """Return all transaction sets of all interchanges in order, and rejects of the unreadable parts.

    Raises Reject ``not_text``, and ``malformed`` if the first ISA is truncated, the body holds no set, or more
    interchanges or sets than have room in it.
    """
    text = text_of(body)
    interchanges = Room(len(body), X12_INTERCHANGE_BYTES, "interchanges")
    room = Room(len(body), X12_SET_BYTES, "transaction sets")
    sets: list[TransactionSet] = []
    rejects: list[Reject] = []
    start = 0
    while start < len(text):
        try:
            separators = separators_of(text[start:start + _MOST_OF_A_HEAD])
        except Reject as reject:
            if not sets:
                raise
            rejects.append(reject)
            break
        interchanges.take()
        header_end = start + separators.header_length
        end = _next_interchange(text, header_end, separators.terminator)
        reader = _Interchange(separators, text[start:header_end], text[header_end:end], room)
        sets += reader.sets
        rejects += reader.outside_rejects()
        start = end
    _flag_repeated(sets)
    if not sets:
        raise Reject(RejectReason.MALFORMED, "no transaction set: no ST segment under the separators declared", "ST")
    return sets, rejects


def _next_interchange(text: str, start: int, terminator: str) -> int:
    """Return the index of the first segment from ``start`` on that begins with ISA; the length of the text without one.

    Each character is looked at a fixed number of times, however many interchanges and blanks there are.
    """
    found = text.find("ISA", start)
    while found >= 0:
        before = found
        while before > start and text[before - 1].isspace() and text[before - 1] != terminator:
            before -= 1
        if before == start or text[before - 1] == terminator:
            return found
        found = text.find("ISA", found + 3)
    return len(text)


class _Interchange:
    """Reads one ISA..IEA. ``header``: its ISA segment with the terminator; ``body``: the text after it."""

    def __init__(self, separators: Separators, header: str, body: str, room: Room) -> None:
        self._element = separators.element
        self._room = room
        self.sets: list[TransactionSet] = []
        self._group: list[TransactionSet] = []
        self._open: TransactionSet | None = None
        self._group_control: str | None = None
        self._groups = 0
        self._closed = False
        self._isa = [part.strip() for part in header.split(separators.element)]
        self._sender, self._control = self._isa[6], self._isa[13]
        self._gs = Group(self._isa, [])
        self._outside = 0
        self._first_outside: Segment = []
        self._flagged: dict[Flag, int] = {}
        self._read(body, separators.terminator)
        if separators.nonstandard:
            _flag(self.sets, Flag.ENVELOPE_NONSTANDARD)

    def _read(self, text: str, terminator: str) -> None:
        element, open_set = self._element, self._open
        alike: dict[str, Segment] = {}
        for raw in text.split(terminator):
            line = raw.strip()
            if not line:
                continue
            known = alike.get(line)
            if known is not None and open_set is not None:
                open_set.segments.append(known)
                continue
            if "\n" in line:
                # Where lines do not end segments they are how a system before us wrapped the file, and no content.
                line = line.replace("\r", "").replace("\n", "")
            segment = line.split(element)
            name = segment[0]
            if open_set is not None and name not in _ENVELOPE:
                segment = [part.strip() for part in segment] if " " in line else segment
                open_set.segments.append(segment)
                if len(alike) < _MAX_ALIKE:
                    alike[line] = segment
            else:
                self._envelope(name, segment)
                open_set = self._open
        self._finish()

    def _envelope(self, name: str, segment: Segment) -> None:
        if name == "ST":
            self._end_set(None)
            self._room.take()
            code, control = _at(segment, 1), _at(segment, 2)
            self._open = TransactionSet(code, control, self._sender, [], group=self._gs)
            self._group.append(self._open)
        elif name == "SE":
            self._end_set(segment)
        elif name == "GS":
            self._end_group(None)
            self._group_control = _at(segment, 6)
            self._gs = Group(self._isa, [part.strip() for part in segment])
        elif name == "GE":
            self._end_group(segment)
        elif name == "IEA":
            self._end_interchange(segment)
        elif name not in _ALLOWED_OUTSIDE:
            self._note_outside(segment)

    def _note_outside(self, segment: Segment) -> None:
        self._outside += 1
        self._first_outside = self._first_outside or segment

    def outside_rejects(self) -> list[Reject]:
        """Return a reject of the segments outside of any set (a damaged ST, or text that is no X12)."""
        if not self._outside:
            return []
        first = self._element.join(self._first_outside)[:_MAX_SHOWN]
        return [Reject(
            RejectReason.MALFORMED,
            f"{self._outside} segments outside of any transaction set, from {first!r} on", "ST",
        )]

    def _end_set(self, trailer: Segment | None) -> None:
        current, self._open = self._open, None
        if current is None:
            if trailer is not None:
                self._note_outside(trailer)
            return
        if trailer is None:
            current.flags.append(Flag.ENVELOPE_TRUNCATED.value)
            current.faults.append("2: SE is missing")
            return
        if _at(trailer, 1).lstrip("0") != str(len(current.segments) + 2):
            current.flags.append(Flag.ENVELOPE_COUNTS_WRONG.value)
            current.faults.append(f"4: SE-01 counts {_at(trailer, 1) or 'nothing'}, not {len(current.segments) + 2}")
        if _at(trailer, 2) != current.control:
            current.flags.append(Flag.CONTROL_NUMBER_MISMATCH.value)
            current.faults.append(f"3: SE-02 is {_at(trailer, 2) or 'empty'}, ST-02 {current.control or 'empty'}")

    def _end_group(self, trailer: Segment | None) -> None:
        self._end_set(None)
        group, self._group = self._group, []
        control, self._group_control = self._group_control, None
        if control is not None:
            self._groups += 1
        envelope, self._gs = self._gs, Group(self._isa, [])
        if trailer is None:
            _flag(group, Flag.ENVELOPE_TRUNCATED)
            envelope.faults.append("3: GE is missing")
        else:
            envelope.counted = _at(trailer, 1)
            if _at(trailer, 1).lstrip("0") != str(len(group)):
                _flag(group, Flag.ENVELOPE_COUNTS_WRONG)
                envelope.faults.append(f"5: GE-01 counts {_at(trailer, 1) or 'nothing'}, not {len(group)}")
            if control is not None and _at(trailer, 2) != control:
                _flag(group, Flag.CONTROL_NUMBER_MISMATCH)
                envelope.faults.append(f"4: GE-02 is {_at(trailer, 2) or 'empty'}, GS-06 {control or 'empty'}")
        self.sets += group

    def _end_interchange(self, trailer: Segment) -> None:
        if self._group_control is not None or self._group:
            self._end_group(None)
        self._closed = True
        if _at(trailer, 1).lstrip("0") != str(self._groups):
            self._flag_all(Flag.ENVELOPE_COUNTS_WRONG)
        if _at(trailer, 2) != self._control:
            self._flag_all(Flag.CONTROL_NUMBER_MISMATCH)

    def _flag_all(self, flag: Flag) -> None:
        """Flag every set so far; those flagged by an earlier IEA are passed over."""
        _flag(self.sets[self._flagged.get(flag, 0):], flag)
        self._flagged[flag] = len(self.sets)

    def _finish(self) -> None:
        if self._group_control is not None or self._group:
            self._end_group(None)
        if not self._closed:
            _flag(self.sets, Flag.ENVELOPE_TRUNCATED)


def _flag_repeated(sets: list[TransactionSet]) -> None:
    """Flag sets that repeat the control numbers of interchange, group and set; within one group add a fault as well."""
    seen: dict[tuple[str, str, str], TransactionSet] = {}
    for one in sets:
        isa, gs = one.group.isa, one.group.gs
        first = seen.setdefault((_at(isa, 13), _at(gs, 6), one.control), one)
        if first is one:
            continue
        _flag([one], Flag.CONTROL_NUMBER_REPEATED)
        if first.group is one.group:
            one.faults.append(f"23: control number {one.control or '(none)'} is repeated")


_ENVELOPE = frozenset({"ISA", "GS", "ST", "SE", "GE", "IEA"})
_ALLOWED_OUTSIDE = frozenset({"TA1", "ISB", "ISE"})
"""Segments that may occur outside of transaction sets, besides the envelope."""
_MAX_SHOWN = 40
_MOST_OF_A_HEAD = 1_000
"""Characters in which ISA, GS and the first ST stand."""


def _at(segment: Segment, index: int) -> str:
    return segment[index].strip() if index < len(segment) else ""


def _flag(sets: list[TransactionSet], flag: Flag) -> None:
    for one in sets:
        if flag.value not in one.flags:
            one.flags.append(flag.value)
