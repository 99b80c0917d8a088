"""One shape of payload, compiled: from the decoded message to canonical events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from connectors.mapping.emission import emit
from connectors.mapping.moments import end_of_day, teller
from connectors.mapping.paths import (
    Levels,
    Text,
    broken,
    holders_below,
    split,
    text_getter,
    texts_below,
    value_getter,
)
from connectors.mapping.places import getter, locator, nothing, zone_finder
from connectors.mapping.refusals import Refusals
from connectors.mapping.specification import Delivery, Document, OwnCodes, ReferenceFrom, Refusal
from connectors.mapping.statuses import StatusTable
from connectors.mapping.times import Moment
from streams.errors import Reject
from streams.identity import normalise_tracking_number
from streams.intake import Parsed, RawContext
from streams.model import CarrierEvent, ProofOfDelivery, Reference
from streams.vocabulary import Milestone, RejectReason

MESSAGE = "message"
_DELIVERED = Milestone.DELIVERED
CarrierOf = Callable[[Levels], str]
Table = Callable[[str, str], StatusTable | None]


class Compiled:
    """A document ready to read. ``table_of``: a carrier's table by slug and name, for aggregators."""

    def __init__(
        self, spec: Document, refusals: Sequence[Refusal], carrier_of: CarrierOf, zone: str, channel: str,
        statuses: Mapping[str, StatusTable], table_of: Table,
    ) -> None:
        self.name = spec.name
        self.levels = [MESSAGE, *spec.each]
        levels = self.levels
        self._channel = channel
        self._carrier_of = carrier_of
        self._lists = [
            (path, value_getter(path, levels[: index + 1])) for index, path in enumerate(spec.each.values())
        ]
        self._refusals = [
            Refusals([one for one in refusals if _level_of(one) == level], levels[: index + 1])
            for index, level in enumerate(levels)
        ]
        self._number = _number(spec.tracking_number, levels)
        self._number_path = spec.tracking_number if isinstance(spec.tracking_number, str) else spec.tracking_number[0]
        zone_of = zone_finder(spec.zone_by, zone, levels)
        self._moment = teller(spec.time, levels, zone_of)
        self._time_path = spec.time[0].stamp or (spec.time[0].utc or spec.time[0].local or [""])[0]
        self._table = statuses[spec.statuses]
        self._code = _joined(spec.code, levels)
        self._code_path = spec.code if isinstance(spec.code, str) else spec.code[0]
        self._text = getter(spec.text, levels) or nothing
        self._reason_code = text_getter(spec.reason_code, levels) if spec.reason_code else nothing
        self._reason_text = text_getter(spec.reason_text, levels) if spec.reason_text else nothing
        self._own = _own_tables(spec.own_codes, levels, table_of)
        self._location = locator(spec.place, levels)
        self._eta = teller(spec.eta, levels, zone_of) if spec.eta else nothing
        self._proof = _proof(spec.delivery, levels)
        self._piece = getter(spec.piece, levels) or nothing
        self._references = _references(spec.references, levels)

    def parse(self, message: object, context: RawContext, parsed: Parsed, one_is_a_list: bool) -> None:
        """Append what the message holds to ``parsed``. ``one_is_a_list``: the format shows no list of one."""
        if self._lists:
            self._walk((message,), 0, one_is_a_list, context, parsed)
        else:
            self._unit([(message,)], context, parsed)

    def _walk(
        self, at: Levels, depth: int, one_is_a_list: bool, context: RawContext, parsed: Parsed
    ) -> None:
        path, list_at = self._lists[depth]
        try:
            elements = _elements(list_at(at), path, one_is_a_list)
        except Reject as reject:
            parsed.rejects.append(reject)
            return
        if not elements:
            known = self._refusals[depth].reject_for(at)
            parsed.rejects.append(known or Reject(
                RejectReason.UNSUPPORTED_MESSAGE, f"{self.name} without any {self.levels[depth + 1]}", path
            ))
            return
        below = [(*at, element) for element in elements]
        if depth + 1 == len(self._lists):
            self._unit(below, context, parsed)
            return
        for inner in below:
            self._walk(inner, depth + 1, one_is_a_list, context, parsed)

    def _unit(self, scans: list[Levels], context: RawContext, parsed: Parsed) -> None:
        """The scans of one shipment or piece: the newest carries the carrier's current estimate."""
        newest: CarrierEvent | None = None
        newest_at: Levels = ()
        for at in scans:
            try:
                event = self._event(at, context, len(parsed.events))
            except Reject as reject:
                parsed.rejects.append(reject)
                continue
            parsed.events.append(event)
            if newest is None or event.occurred_at > newest.occurred_at:
                newest, newest_at = event, at
        if newest is not None and self._eta is not nothing:
            try:
                estimate: Moment | None = self._eta(newest_at)
            except Reject:
                return
            if estimate is not None:
                newest.estimated_delivery_at = end_of_day(estimate)

    def _event(self, at: Levels, context: RawContext, index: int) -> CarrierEvent:
        number = self._number(at)
        references = self._references(at)
        if number is None and not references:
            raise Reject(RejectReason.NO_REFERENCE, "it names no shipment", self._number_path)
        moment = self._moment(at)
        if moment is None:
            raise Reject(RejectReason.CONTRACT_BROKEN, "a scan without a time", self._time_path)
        code, text = self._code(at), self._text(at) or ""
        if not code and not text:
            raise Reject(RejectReason.CONTRACT_BROKEN, "a scan without code and text", self._code_path)
        reason_code = self._reason_code(at)
        carrier = self._carrier_of(at)
        sense = None
        if self._own is not None:
            own_code = self._own[0](at)
            table = self._own[1].get(carrier)
            if own_code is not None and table is not None:
                sense = table.listed(own_code, text)
                code = code if sense is None else own_code
        if sense is None:
            sense = self._table.sense(code, text, reason_code)
        shown = code if reason_code is None else f"{code}:{reason_code}"
        reason_text = self._reason_text(at)
        if reason_text is not None and reason_text != text:
            text = f"{text}: {reason_text}" if text else reason_text
        return emit(
            context, self._channel, index, carrier, number or "", sense, code, shown, text, moment,
            self._location(at), None, self._proof(at) if sense.milestone is _DELIVERED else None,
            self._piece(at), references, list(sense.flags),
        )


def _level_of(refusal: Refusal) -> str:
    return (refusal.when if isinstance(refusal.when, str) else refusal.when.path).partition(".")[0]


def _elements(value: object, path: str, one_is_a_list: bool) -> list[object]:
    """The objects in a list."""
    if value is None or value == [] or (isinstance(value, str) and not value.strip()):
        return []
    if one_is_a_list and isinstance(value, dict):
        return [value]
    if not isinstance(value, list):
        raise broken(path, "a list", value)
    for index, element in enumerate(value):
        if element.__class__ is not dict:
            raise broken(f"{path}[{index}]", "an object", element)
    return value


def _number(paths: str | list[str], levels: Sequence[str]) -> Text:
    """The first number that can be one: every carrier's numbers hold a digit."""
    getters = [text_getter(path, levels) for path in ([paths] if isinstance(paths, str) else paths)]

    def get(at: Levels) -> str | None:
        for text_at in getters:
            text = text_at(at)
            if text is not None:
                number = normalise_tracking_number(text)
                if any(map(str.isdigit, number)):
                    return number
        return None

    return get


def _joined(paths: str | list[str], levels: Sequence[str]) -> Callable[[Levels], str]:
    getters = [text_getter(path, levels) for path in ([paths] if isinstance(paths, str) else paths)]
    if len(getters) == 1:
        only = getters[0]
        return lambda at: only(at) or ""
    return lambda at: ":".join([text for get in getters if (text := get(at)) is not None])


def _own_tables(
    spec: OwnCodes | None, levels: Sequence[str], table_of: Table
) -> tuple[Text, Mapping[str, StatusTable]] | None:
    if spec is None:
        return None
    tables = {slug: table for slug, name in spec.tables.items() if (table := table_of(slug, name)) is not None}
    return text_getter(spec.path, levels), tables


def _proof(spec: Delivery | None, levels: Sequence[str]) -> Callable[[Levels], ProofOfDelivery | None]:
    if spec is None:
        return nothing
    signed_by = getter(spec.signed_by, levels) or nothing
    left_at = getter(spec.left_at, levels) or nothing
    document_url = getter(spec.document_url, levels) or nothing

    def get(at: Levels) -> ProofOfDelivery | None:
        parts = (signed_by(at), left_at(at), document_url(at))
        return ProofOfDelivery(*parts) if any(parts) else None

    return get


def _references(
    specs: Sequence[ReferenceFrom], levels: Sequence[str]
) -> Callable[[Levels], list[Reference]]:
    if not specs:
        return lambda _: []
    wanted = [(split(spec.each, levels), spec) for spec in specs]

    def get(at: Levels) -> list[Reference]:
        found: dict[Reference, None] = {}
        for (level, keys), spec in wanted:
            for holder in holders_below(at[level], keys):
                kinds = list(texts_below(holder, spec.kind.split("."))) if spec.kind else []
                kind = spec.types.get(kinds[0], spec.type) if kinds else spec.type
                for text in texts_below(holder, spec.value.split(".")):
                    found[Reference(kind, text)] = None
        return list(found)

    return get
