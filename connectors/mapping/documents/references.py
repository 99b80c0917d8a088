"""Compiles ``references`` of a document: the other numbers of a shipment."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from connectors.mapping.declared.schema import ReferenceFrom
from connectors.mapping.documents.paths import Levels, holders_below, split, texts_below
from connectors.mapping.values import gs1
from connectors.mapping.values.carrier_names import CarrierNames
from connectors.mapping.values.other_carriers import carrier_of
from streams.contracts.ids import normalise_tracking_number
from streams.contracts.link_paths import LEAD
from streams.contracts.model import Reference

ReadReferences = Callable[[Levels], list[Reference]]
Carrier = Callable[[Levels], str | None]


def _no_references(_: Levels) -> list[Reference]:
    return []


def reference_reader(
    specs: Sequence[ReferenceFrom], levels: Sequence[str], names: CarrierNames
) -> Callable[[], ReadReferences]:
    """Compile the entries. The function returns, for one message, a function that returns the references of a scan, in
    declared order without duplicates; what stands above the scans is read once.

    Raises BadPath.
    """
    if not specs:
        return lambda: _no_references
    wanted = [
        (*split(spec.each, levels), (spec.value or "").split(".") if spec.value else [], spec,
         _carrier_reader(spec, levels, names))
        for spec in specs
    ]

    entries = [_entry(*one) for one in wanted]

    def of_message() -> ReadReferences:
        readers = [_remembering(*entry) for entry in entries]

        def get(at: Levels) -> list[Reference]:
            if len(readers) == 1:
                return [*readers[0](at)]
            found: dict[Reference, None] = {}
            for read in readers:
                found.update(read(at))
            return list(found)

        return get

    return of_message


def _entry(
    level: int, keys: Sequence[str], value_keys: Sequence[str], spec: ReferenceFrom,
    carrier: tuple[int, Carrier] | None,
) -> tuple[int, Callable[[Levels], dict[Reference, None]]]:
    """Return the deepest level an entry reads, and a function that reads its references."""
    kind_keys = spec.kind.split(".") if spec.kind else []

    def read(at: Levels) -> dict[Reference, None]:
        found: dict[Reference, None] = {}
        for holder in holders_below(at[level], keys):
            first = next(texts_below(holder, kind_keys), None) if kind_keys else None
            kind = spec.type if first is None else spec.types.get(first, spec.type)
            for text in texts_below(holder, value_keys):
                reference = _reference(kind, text, spec)
                issuer = "" if carrier is None else carrier[1](at)
                if issuer is not None:
                    found[replace(reference, carrier=issuer) if issuer else reference] = None
        return found

    return level if carrier is None else max(level, carrier[0]), read


def _remembering(
    level: int, read: Callable[[Levels], dict[Reference, None]]
) -> Callable[[Levels], dict[Reference, None]]:
    """Return ``read`` with its last result, which it gives again for the same object at ``level``."""
    last: object = None
    found: dict[Reference, None] = {}

    def read_once(at: Levels) -> dict[Reference, None]:
        nonlocal last, found
        if at[level] is not last:
            found = read(at)
            last = at[level]
        return found

    return read_once


def _carrier_reader(
    spec: ReferenceFrom, levels: Sequence[str], names: CarrierNames
) -> tuple[int, Carrier] | None:
    """Compile ``carrier`` to its level and a function that returns the slug of the carrier that issued the number, None
    where the field says that there is none yet; None if unset."""
    if spec.carrier is None:
        return None
    level, keys = split(spec.carrier.path, levels)
    slug_of, nobody = carrier_of(spec.carrier, names), {text.casefold() for text in spec.carrier.none_of}

    def issuer(at: Levels) -> str | None:
        name = next(iter(texts_below(at[level], keys)), None)
        return None if name is not None and name.casefold() in nobody else slug_of(name)

    return level, issuer


def _reference(kind: str, text: str, spec: ReferenceFrom) -> Reference:
    if spec.reads == "text":
        return Reference(kind, text)
    scheme, value = gs1.key_of(text)
    return Reference(spec.types.get(scheme, scheme or kind) if not spec.kind else kind, value)


def without_lead(references: Sequence[Reference], number: str, count: int | None) -> tuple[list[Reference], bool]:
    """Return the references without a lead number that says nothing (the shipment's own, or of one piece), and whether
    the shipment has several pieces and this is their lead number."""
    leads = [one for one in references if one.type == LEAD]
    if not leads:
        return list(references), False
    is_lead = any(normalise_tracking_number(one.value) == number for one in leads)
    if is_lead or (count is not None and count < 2):
        return [one for one in references if one.type != LEAD], is_lead and count is not None and count > 1
    return list(references), False
