"""Finds a carrier's slug by any of its names: those of its ``carrier.yaml`` and those of master data.

Names are compared by their letters and digits, ignoring case. Master data overrides the files. Each update replaces
whole mappings, so that one thread may update while others look up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connectors.mapping.values.label_forms import LabelForms
from streams.contracts.ids import normalise_carrier
from streams.contracts.model import MasterRecord
from streams.contracts.tracking_numbers import NumberOf
from streams.kernel.vocabulary import MasterKind


def match_key(name: str) -> str:
    """Return the letters and digits of a name in lower case."""
    return "".join(filter(str.isalnum, name)).lower()


class CarrierNames:
    """Slugs by name. ``ready``: false while the first read of master data is in progress. ``number_of``: a carrier's
    number in a label's form of it."""

    def __init__(self, packaged: Iterable[tuple[str, Iterable[str]]] = ()) -> None:
        """``packaged``: slug and names of each carrier that has a file."""
        self._slugs: frozenset[str] = frozenset()
        self._packaged: dict[str, str] = {}
        self._records: dict[str, MasterRecord] = {}
        self._master_data: dict[str, str] = {}
        self.ready = True
        self.number_of: NumberOf = LabelForms().number_of
        self.add_packaged(packaged)

    def add_packaged(self, carriers: Iterable[tuple[str, Iterable[str]]]) -> None:
        """Add carriers that have files: slug and names of each. A name used by two belongs to the first."""
        carriers_named = [(slug, list(names)) for slug, names in carriers]
        self._slugs |= {slug for slug, _ in carriers_named}
        for slug, names in carriers_named:
            for name in (slug, *names):
                self._packaged.setdefault(match_key(name), slug)

    def learn(self, record: MasterRecord) -> None:
        """Apply a master-data record of kind ``carrier``, written or withdrawn; ignore other kinds."""
        if record.kind is not MasterKind.CARRIER:
            return
        self._records = {**self._records, record.id: record}
        self._master_data = {
            match_key(name): slug for slug, one in sorted(self._records.items(), reverse=True) if not one.withdrawn
            for name in (one.name, one.scac, one.gln, one.duns, *one.aliases, slug) if match_key(name)
        }

    def find(self, name: str) -> str | None:
        """Return the slug; None for an unknown name."""
        key = match_key(name)
        return self._master_data.get(key) or self._packaged.get(key)

    def slug_of(self, name: str) -> str:
        """Return the slug; for an unknown name the name itself, trimmed and in lower case."""
        short = normalise_carrier(name)
        if short in self._slugs and match_key(short) not in self._master_data:
            return short
        return self.find(short) or short

    def with_aliases(self, aliases: Mapping[str, str]) -> Aliases:
        """Return a lookup in master data, then in ``aliases`` (name -> slug), then in all carriers' names."""
        return Aliases(self, aliases)

    def master_data_slug(self, name: str) -> str | None:
        """Return the slug that master data gives; None if it has no such name."""
        return self._master_data.get(match_key(name)) if self._master_data else None


class Aliases:
    """Looks names up in one carrier file's ``aliases``, after master data and before all carriers' names."""

    __slots__ = ("_known", "_own")

    def __init__(self, known: CarrierNames, own: Mapping[str, str]) -> None:
        self._known, self._own = known, own

    def get(self, name: str, otherwise: str = "") -> str:
        """Return the slug; ``otherwise`` for an unknown name."""
        return self._known.master_data_slug(name) or self._own.get(name) or self._known.find(name) or otherwise
