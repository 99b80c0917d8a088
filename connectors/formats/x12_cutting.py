"""Splits files of X12 interchanges of any size into records, in constant memory.

An interchange that fits into one record is kept byte for byte. A larger one is split into interchanges of whole
transaction sets with the envelope repeated. If the partner's count is wrong, the count in the last part is wrong by the
same number, so that intake flags it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from connectors.formats.x12 import separators_of
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason

_BLOCK = 256 * 1024
_HEADER = 400
_BLANKS = frozenset(bytes([one]) for one in b" \t\r\n\xef\xbb\xbf\x00")


def split(stream: BinaryIO, max_bytes: int) -> Iterator[bytes]:
    """Yield the interchanges of ``stream`` in order, split into parts of about ``max_bytes``.

    Raises Reject ``malformed`` if the stream does not start with an interchange, ``too_large`` for a larger segment or
    set.
    """
    source = _Source(stream)
    splitter: _Splitter | None = None
    while True:
        head = source.head()
        if not head:
            break
        if head.startswith(b"ISA"):
            if splitter is not None:
                yield from splitter.rest()
            splitter = _Splitter(head, max_bytes)
        elif splitter is None:
            raise Reject(RejectReason.MALFORMED, f"an interchange starts with ISA, this with {head[:8]!r}", "ISA")
        yield from splitter.take(source.segment(splitter.terminator, max_bytes))
    if splitter is not None:
        yield from splitter.rest()


class _Source:
    """Reads a file in blocks. Bytes of ``_held`` before ``_at`` are consumed."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._held = b""
        self._at = 0
        self._ended = False

    def head(self) -> bytes:
        """Skip blanks and return the next bytes without consuming them; empty at the end."""
        while True:
            while self._held[self._at:self._at + 1] in _BLANKS:
                self._at += 1
            if len(self._held) - self._at >= _HEADER or self._ended:
                return self._held[self._at:self._at + _HEADER]
            self._fill()

    def segment(self, terminator: bytes, max_bytes: int) -> bytes:
        """Consume the next segment with its terminator and any following line break."""
        while True:
            end = self._held.find(terminator, self._at)
            if end >= 0 and (len(self._held) > end + len(terminator) + 2 or self._ended):
                end += len(terminator)
                while self._held[end:end + 1] in (b"\r", b"\n"):
                    end += 1
                return self._consume(end)
            if self._ended:
                return self._consume(len(self._held))
            if len(self._held) - self._at > max_bytes:
                raise Reject(RejectReason.TOO_LARGE, f"a segment of more than {max_bytes} bytes")
            self._fill()

    def _consume(self, end: int) -> bytes:
        segment, self._at = self._held[self._at:end], end
        return segment

    def _fill(self) -> None:
        block = self._stream.read(_BLOCK)
        self._held, self._at = self._held[self._at:] + block, 0
        self._ended = not block


class _Splitter:
    """Splits one interchange into parts."""

    def __init__(self, head: bytes, max_bytes: int) -> None:
        try:
            text, encoding = head.decode("utf-8", "strict"), "utf-8"
        except UnicodeDecodeError:
            text, encoding = head.decode("latin-1"), "latin-1"
        separators = separators_of(text)
        self.terminator = separators.terminator.encode(encoding)
        self._element = separators.element.encode(encoding)
        self._max_bytes = max_bytes
        self._held: list[bytes] = []
        self._size = 0
        self._isa = self._gs = b""
        self._sets = self._groups = self._all_sets = self._all_groups = 0
        self._was_split = False

    def take(self, segment: bytes) -> Iterator[bytes]:
        """Buffer the segment; yield a part if enough is buffered."""
        tag = segment[:3].rstrip(self._element)
        if tag == b"ISA":
            self._isa = segment
        elif tag == b"GS":
            self._gs, self._sets, self._all_sets = segment, 0, 0
            self._groups += 1
            self._all_groups += 1
        elif tag == b"GE":
            segment, self._gs = self._corrected(segment, self._sets, self._all_sets), b""
        elif tag == b"IEA":
            segment = self._corrected(segment, self._groups, self._all_groups)
        self._held.append(segment)
        self._size += len(segment)
        if tag == b"SE":
            self._sets += 1
            self._all_sets += 1
            if self._size >= self._max_bytes:
                yield self._piece()
        elif self._size > 2 * self._max_bytes:
            raise Reject(RejectReason.TOO_LARGE, f"a transaction set of more than {self._max_bytes} bytes", "ST")

    def rest(self) -> Iterator[bytes]:
        """Yield the remaining segments at the end of the interchange."""
        if len(self._held) > (2 if self._was_split else 0):
            yield b"".join(self._held)

    def _piece(self) -> bytes:
        held = self._held
        self._was_split = True
        if self._gs:
            held = [*held, self._trailer(b"GE", self._sets, self._field(self._gs, 6))]
        held = [*held, self._trailer(b"IEA", self._groups, self._field(self._isa, 13))]
        self._held = [self._isa, self._gs] if self._gs else [self._isa]
        self._size = sum(map(len, self._held))
        self._sets, self._groups = 0, 1 if self._gs else 0
        return b"".join(held)

    def _corrected(self, trailer: bytes, here: int, everywhere: int) -> bytes:
        """Return the trailer with its count reduced by the sets or groups of earlier parts."""
        claimed = self._field(trailer, 1)
        if not self._was_split or here == everywhere or not claimed.isdigit():
            return trailer
        fields = trailer.split(self._element)
        fields[1] = b"%d" % max(0, int(claimed) - everywhere + here)
        return self._element.join(fields)

    def _trailer(self, tag: bytes, count: int, control: bytes) -> bytes:
        return self._element.join([tag, b"%d" % count, control]) + self.terminator

    def _field(self, segment: bytes, index: int) -> bytes:
        fields = segment.rstrip(b"\r\n").removesuffix(self.terminator).split(self._element)
        return fields[index].strip() if index < len(fields) else b""
