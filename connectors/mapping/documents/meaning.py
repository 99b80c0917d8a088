"""Reads the status of a scan: the carrier whose code it is, the code, the text and their canonical meaning."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from connectors.mapping.declared.schema import Document
from connectors.mapping.declared.status_meaning import StatusMeaning
from connectors.mapping.declared.status_tables import EMPTY, StatusTable, status_meaning
from connectors.mapping.declared.words_law import decided_by_remark, folded
from connectors.mapping.documents.paths import Row, Texts
from connectors.mapping.values.other_carriers import CarrierOf
from streams.kernel.vocabulary import Flag, Milestone

Table = Callable[[str, str], StatusTable | None]
StatusFields = tuple[str | None, ...]
_CACHE_SIZE = 20_000
_UNMAPPED = Flag.CODE_UNMAPPED.value
_MAX_CACHED_LENGTH = 300


class ScanStatus(NamedTuple):
    """The status of one scan. ``carrier``: slug; ``code``: status code, part of the event id; ``shown_code``: the code
    with its reason code (``code:reason``)."""

    carrier: str
    meaning: StatusMeaning
    code: str
    shown_code: str
    text: str


class ScanStatusReader:
    """Reads the status of each scan, with a bounded cache.

    The cache key holds the carrier's slug, because master data may assign a name to another carrier at any time.
    ``carrier_slot``: the slot of the carrier's name in a row.
    """

    def __init__(
        self, spec: Document, carrier_of: CarrierOf, carrier_slot: int,
        statuses: Mapping[str, StatusTable], table_of: Table, texts: Texts,
    ) -> None:
        self._carrier_of, self._carrier_slot = carrier_of, carrier_slot
        self._table = statuses.get(spec.statuses, EMPTY)
        self._always = status_meaning(spec.always) if spec.always is not None else None
        self._classified = texts.first(spec.classifier.path if spec.classifier else None)
        self._classifiers = spec.classifier.values if spec.classifier else {}
        self._classifier_required = spec.classifier is not None and spec.classifier.required
        self._code = texts.slots(spec.code)
        self._else_codes = [
            (texts.slots(way.code), statuses.get(way.statuses or spec.statuses, EMPTY)) for way in spec.else_codes
        ]
        self._text = texts.first(spec.text)
        self._reason_code = texts.first(spec.reason_code)
        self._reason_text = texts.first(spec.reason_text)
        self._own_code = texts.first(spec.own_codes.path if spec.own_codes else None)
        own = spec.own_codes.tables if spec.own_codes else {}
        self._own = {slug: table for slug, name in own.items() if (table := table_of(slug, name)) is not None}
        self._strip = tuple(spec.strip)
        self._status_fields: Callable[[Row], StatusFields] = _texts_at(
            self._classified, *self._code, *(slot for slots, _ in self._else_codes for slot in slots),
            self._text, self._reason_code, self._reason_text, self._own_code,
        )
        self._cache: dict[tuple[str, StatusFields], ScanStatus] = {}

    def read(self, row: Row) -> ScanStatus | None:
        """Return the status of a scan; None if it has neither code nor text and the document has no ``always``."""
        carrier, fields = self._carrier_of(row[self._carrier_slot]), self._status_fields(row)
        return self._cache.get((carrier, fields)) or self._cached(carrier, fields, self._read(row, carrier))

    def _cached(self, carrier: str, fields: StatusFields, status: ScanStatus | None) -> ScanStatus | None:
        if status is not None and sum(map(len, filter(None, (carrier, *fields)))) <= _MAX_CACHED_LENGTH:
            if len(self._cache) >= _CACHE_SIZE:
                self._cache.clear()
            self._cache[carrier, fields] = status
        return status

    def _read(self, row: Row, carrier: str) -> ScanStatus | None:
        code = self._joined(row, self._code)
        text = row[self._text] or ""
        coarser = [one for slots, _ in self._else_codes if (one := self._joined(row, slots))]
        if not code and not coarser and not text and self._always is None:
            return None
        reason_code = row[self._reason_code]
        code, meaning = self._look_up(row, carrier, code, text, reason_code)
        if _UNMAPPED in meaning.flags and coarser:
            code, meaning = self._by_coarser_code(row, code, text, reason_code, meaning)
        meaning = self._classify(row, meaning)
        reason_text = row[self._reason_text]
        if reason_text is not None and reason_text != text:
            meaning = decided_by_remark(meaning, folded(reason_text))
            text = f"{text}: {reason_text}" if text else reason_text
        if "\n" in text:
            text = " ".join(text.split())
        return ScanStatus(carrier, meaning, code, code if reason_code is None else f"{code}:{reason_code}", text)

    def _joined(self, row: Row, slots: Sequence[int]) -> str:
        return ":".join([self._without_prefix(text) for slot in slots if (text := row[slot]) is not None])

    def _by_coarser_code(
        self, row: Row, code: str, text: str, reason_code: str | None, meaning: StatusMeaning
    ) -> tuple[str, StatusMeaning]:
        """Return the meaning of the first coarser code that is mapped, flagged; the code stays, if there is one."""
        for slots, table in self._else_codes:
            coarse = self._joined(row, slots)
            found = table.lookup(coarse, text, reason_code) if coarse else None
            if found is not None and found.milestone is not Milestone.UNKNOWN:
                return code or coarse, found._replace(flags=(*found.flags, Flag.CODE_FALLBACK.value))
            code = code or coarse
        return code, meaning

    def _classify(self, row: Row, meaning: StatusMeaning) -> StatusMeaning:
        told = row[self._classified]
        classified = self._classifiers.get(told or "")
        if classified is not None and classified is not meaning.classifier:
            return meaning._replace(classifier=classified)
        if told is None and self._classifier_required:
            return meaning._replace(flags=(*meaning.flags, Flag.CLASSIFIER_MISSING.value))
        return meaning

    def _without_prefix(self, text: str) -> str:
        for prefix in self._strip:
            if text.startswith(prefix):
                return text[len(prefix):]
        return text

    def _look_up(
        self, row: Row, carrier: str, code: str, text: str, reason_code: str | None
    ) -> tuple[str, StatusMeaning]:
        """Return the code and its meaning; an aggregator's copy of the carrier's own code takes precedence."""
        own_code, table = row[self._own_code], self._own.get(carrier)
        if own_code is not None and table is not None:
            meaning = table.find(own_code, text)
            if meaning is not None:
                return own_code, meaning
        if not code and self._always is not None:
            return code, self._always
        return code, self._table.lookup(code, text, reason_code)


def _texts_at(*slots: int) -> Callable[[Row], StatusFields]:
    """Return a function from a row to the texts in these slots, without duplicate slots."""
    first, *others = dict.fromkeys(slots)
    if others:
        return itemgetter(first, *others)
    return lambda row: (row[first],)
