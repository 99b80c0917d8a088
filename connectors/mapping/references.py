"""Other numbers of a shipment, gathered as a document declares them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from connectors.mapping import gs1
from connectors.mapping.paths import Levels, holders_below, split, texts_below
from connectors.mapping.specification import ReferenceFrom
from streams.model import Reference


def reader(specs: Sequence[ReferenceFrom], levels: Sequence[str]) -> Callable[[Levels], list[Reference]]:
    """One function that gathers them all, each once, in the order declared. Raises BadPath."""
    wanted = [
        (*split(spec.each, levels), (spec.value or "").split(".") if spec.value else [], spec) for spec in specs
    ]

    def get(at: Levels) -> list[Reference]:
        found: dict[Reference, None] = {}
        for level, keys, value_keys, spec in wanted:
            for holder in holders_below(at[level], keys):
                kinds = list(texts_below(holder, spec.kind.split("."))) if spec.kind else []
                kind = spec.types.get(kinds[0], spec.type) if kinds else spec.type
                for text in texts_below(holder, value_keys):
                    found[_reference(kind, text, spec)] = None
        return list(found)

    return get


def _reference(kind: str, text: str, spec: ReferenceFrom) -> Reference:
    if spec.reads == "text":
        return Reference(kind, text)
    scheme, value = gs1.key_of(text)
    return Reference(spec.types.get(scheme, scheme or kind) if not spec.kind else kind, value)
