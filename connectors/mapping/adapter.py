"""The adapter a ``carrier.yaml`` becomes: decode, recognise the document, read it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.formats import json, xml
from connectors.mapping.document import MESSAGE, Compiled
from connectors.mapping.refusals import Refusals, Test, merged
from streams.errors import Reject
from streams.intake import Parsed, RawContext
from streams.vocabulary import RejectReason

Read = Callable[[bytes], dict[str, Any]]
READERS: dict[str, Read] = {"json": json.read, "xml": xml.read}
_BLANK = b" \t\r\n\xef\xbb\xbf\x00"


class MappedAdapter:
    """Reads one carrier's JSON and XML by its declared documents."""

    def __init__(
        self, feed: str, formats: list[str], refusals: Refusals, documents: list[tuple[Test, Compiled]]
    ) -> None:
        self.feed = feed
        self._formats = frozenset(formats)
        self._refusals = refusals
        self._documents = documents

    def parse(self, body: bytes, context: RawContext) -> Parsed:
        """Events and rejects. Raises Reject where it is no document of this carrier's."""
        message, kind = self._read(body)
        at = (message,)
        parsed = Parsed([], [])
        for recognised, document in self._documents:
            if recognised(at):
                document.parse(message, context, parsed, kind == "xml")
                if parsed.rejects:
                    parsed.rejects = merged(parsed.rejects)
                return parsed
        raise self._refusals.reject_for(at) or Reject(
            RejectReason.UNSUPPORTED_MESSAGE,
            f"none of the messages known of {self.feed}; it holds {_keys(message)}", MESSAGE,
        )

    def _read(self, body: bytes) -> tuple[dict[str, Any], str]:
        first = body[:1]
        if first != b"{" and first != b"<":
            first = body.lstrip(_BLANK)[:1]
            if not first:
                raise Reject(RejectReason.EMPTY, "only blanks")
        kind = "xml" if first == b"<" else "json"
        if kind not in self._formats:
            raise Reject(RejectReason.UNSUPPORTED_MESSAGE, f"{kind} is not what {self.feed} sends")
        return READERS[kind](body), kind


def _keys(message: dict[str, Any]) -> str:
    names = ", ".join(key[:40] for key in list(message)[:8])
    return names or "nothing"
