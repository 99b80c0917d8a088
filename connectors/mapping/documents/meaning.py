"""What a scan says, beside which shipment it is of, when and where: whose words they are, code, text and sense."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import NamedTuple

from connectors.mapping.declared.schema import Document
from connectors.mapping.declared.status_tables import EMPTY, Sense, StatusTable, sense_of
from connectors.mapping.documents.paths import Row, Texts
from connectors.mapping.values.other_carriers import CarrierOf

Table = Callable[[str, str], StatusTable | None]
Spoken = tuple[str | None, ...]
_MOST_REMEMBERED = 20_000
_LONGEST_REMEMBERED = 300


class Said(NamedTuple):
    """``code`` is the one that counts, ``shown_code`` that with its reason."""

    carrier: str
    sense: Sense
    code: str
    shown_code: str
    text: str


class Words:
    """Reads what scans say; the few things they say again and again are remembered, by the carrier whose words they
    are: who a name means may change. ``named``: the slot of the carrier's name."""

    def __init__(
        self, spec: Document, carrier_of: CarrierOf, named: int,
        statuses: Mapping[str, StatusTable], table_of: Table, texts: Texts,
    ) -> None:
        self._carrier_of, self._named = carrier_of, named
        self._table = statuses.get(spec.statuses, EMPTY)
        self._always = sense_of(spec.always) if spec.always is not None else None
        self._classified = texts.first(spec.classifier.path if spec.classifier else None)
        self._classifiers = spec.classifier.values if spec.classifier else {}
        self._code = texts.slots(spec.code)
        self._text = texts.first(spec.text)
        self._reason_code = texts.first(spec.reason_code)
        self._reason_text = texts.first(spec.reason_text)
        self._own_code = texts.first(spec.own_codes.path if spec.own_codes else None)
        own = spec.own_codes.tables if spec.own_codes else {}
        self._own = {slug: table for slug, name in own.items() if (table := table_of(slug, name)) is not None}
        self._strip = tuple(spec.strip)
        self._spoken: Callable[[Row], Spoken] = _texts_at(
            self._classified, *self._code, self._text, self._reason_code, self._reason_text, self._own_code,
        )
        self._remembered: dict[tuple[str, Spoken], Said] = {}

    def said(self, row: Row) -> Said | None:
        """None for a scan without code and text, where the document does not say what such a one means."""
        carrier, spoken = self._carrier_of(row[self._named]), self._spoken(row)
        return self._remembered.get((carrier, spoken)) or self._remember(carrier, spoken, self._read(row, carrier))

    def _remember(self, carrier: str, spoken: Spoken, said: Said | None) -> Said | None:
        if said is not None and sum(map(len, filter(None, (carrier, *spoken)))) <= _LONGEST_REMEMBERED:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[carrier, spoken] = said
        return said

    def _read(self, row: Row, carrier: str) -> Said | None:
        code = ":".join([self._bare(text) for slot in self._code if (text := row[slot]) is not None])
        text = row[self._text] or ""
        if not code and not text and self._always is None:
            return None
        reason_code = row[self._reason_code]
        code, sense = self._sense(row, carrier, code, text, reason_code)
        classified = self._classifiers.get(row[self._classified] or "")
        if classified is not None and classified is not sense.classifier:
            sense = sense._replace(classifier=classified)
        reason_text = row[self._reason_text]
        if reason_text is not None and reason_text != text:
            text = f"{text}: {reason_text}" if text else reason_text
        if "\n" in text:
            text = " ".join(text.split())
        return Said(carrier, sense, code, code if reason_code is None else f"{code}:{reason_code}", text)

    def _bare(self, text: str) -> str:
        for prefix in self._strip:
            if text.startswith(prefix):
                return text[len(prefix):]
        return text

    def _sense(
        self, row: Row, carrier: str, code: str, text: str, reason_code: str | None
    ) -> tuple[str, Sense]:
        """The code that counts and its meaning: an aggregator may pass on the carrier's own."""
        own_code, table = row[self._own_code], self._own.get(carrier)
        if own_code is not None and table is not None:
            sense = table.listed(own_code, text)
            if sense is not None:
                return own_code, sense
        if not code and self._always is not None:
            return code, self._always
        return code, self._table.sense(code, text, reason_code)


def _texts_at(*slots: int) -> Callable[[Row], Spoken]:
    """Those texts of a row as a tuple, each once."""
    first, *others = dict.fromkeys(slots)
    if others:
        return itemgetter(first, *others)
    return lambda row: (row[first],)
