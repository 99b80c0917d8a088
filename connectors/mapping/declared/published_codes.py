"""Measures how much of a carrier's published code list its status table maps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from connectors.mapping.declared.schema import Group


class PublishedList(Struct, frozen=True):
    """One published list. ``by_type``: how many codes only their type's entry maps (``X:*``); ``missing``: the codes
    nothing maps. ``source``: where the list is published."""

    table: str
    source: str
    codes: int
    by_type: int
    missing: list[str]

    @property
    def mapped(self) -> int:
        """Returns how many of the codes are mapped, those by their type included."""
        return self.codes - len(self.missing)


def codes_of_group(group: Group) -> Iterator[str]:
    """Yield the codes of a group in the form in which they are looked up, with their types."""
    for code in group.codes:
        if group.under:
            yield from (f"{kind}:{code}" for kind in group.under)
        else:
            yield code


def published_codes(published: Sequence[str] | dict[str, list[str]]) -> tuple[str, ...]:
    """Return the codes of a published list with their types, of which the empty one is none; each once."""
    if isinstance(published, dict):
        typed = (f"{kind}:{code}" if kind else code for kind, codes in published.items() for code in codes)
        return tuple(dict.fromkeys(typed))
    return tuple(dict.fromkeys(published))


def repeated(groups: Iterable[Group]) -> str | None:
    """Return the first code that stands in two groups or twice in one."""
    seen: set[str] = set()
    for group in groups:
        for code in codes_of_group(group):
            if code in seen:
                return code
            seen.add(code)
    return None


def share_of(table: str, source: str, codes: Sequence[str], mapped: Callable[[str], bool | None]) -> PublishedList:
    """Return the share of the ``codes`` that is mapped; ``mapped`` as in ``StatusTable.mapped``."""
    found = {code: mapped(code) for code in codes}
    return PublishedList(
        table, source, len(found), sum(one is None for one in found.values()),
        [code for code, one in found.items() if one is False],
    )
