"""A carrier's slug by any name it goes by: what its ``carrier.yaml`` says, and what people say in master data.

A name is compared by its letters and digits alone. People's words go before the files'. What was learnt is a snapshot
that is replaced as a whole, so one thread may learn while others look up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from streams.contracts.ids import normalise_carrier
from streams.contracts.model import MasterRecord
from streams.kernel.vocabulary import MasterKind


def match_key(name: str) -> str:
    """The name's letters and digits, in lower case."""
    return "".join(filter(str.isalnum, name)).lower()


class CarrierNames:
    """Slugs by name. ``ready``: false while master data is still being read for the first time."""

    def __init__(self, packaged: Iterable[tuple[str, Iterable[str]]] = ()) -> None:
        """``packaged``: slug and names of each carrier there is a file of."""
        self._slugs: frozenset[str] = frozenset()
        self._packaged: dict[str, str] = {}
        self._records: dict[str, MasterRecord] = {}
        self._master_data: dict[str, str] = {}
        self.ready = True
        self.add_packaged(packaged)

    def add_packaged(self, carriers: Iterable[tuple[str, Iterable[str]]]) -> None:
        """Take in the carriers there are files of: slug and names of each. Of two with one name the first keeps it."""
        carriers_named = [(slug, list(names)) for slug, names in carriers]
        self._slugs |= {slug for slug, _ in carriers_named}
        for slug, names in carriers_named:
            for name in (slug, *names):
                self._packaged.setdefault(match_key(name), slug)

    def learn(self, record: MasterRecord) -> None:
        """Take in what a person says of a carrier, or takes back; of other kinds nothing."""
        if record.kind is not MasterKind.CARRIER:
            return
        self._records = {**self._records, record.id: record}
        self._master_data = {
            match_key(name): slug for slug, one in sorted(self._records.items(), reverse=True) if not one.withdrawn
            for name in (one.name, one.scac, one.gln, one.duns, *one.aliases, slug) if match_key(name)
        }

    def find(self, name: str) -> str | None:
        """The slug; None for a name nobody has told of."""
        key = match_key(name)
        return self._master_data.get(key) or self._packaged.get(key)

    def slug_of(self, name: str) -> str:
        """The slug; of a name nobody has told of the name itself, trimmed and in lower case."""
        short = normalise_carrier(name)
        if short in self._slugs and match_key(short) not in self._master_data:
            return short
        return self.find(short) or short

    def with_aliases(self, aliases: Mapping[str, str]) -> Aliases:
        """These aliases, with people's words before them and the other carriers' names behind them."""
        return Aliases(self, aliases)

    def master_data_slug(self, name: str) -> str | None:
        """The slug a person has told; None for a name nobody has."""
        return self._master_data.get(match_key(name)) if self._master_data else None


class Aliases:
    """One carrier file's own names of others, among what else is known."""

    __slots__ = ("_known", "_own")

    def __init__(self, known: CarrierNames, own: Mapping[str, str]) -> None:
        self._known, self._own = known, own

    def get(self, name: str, otherwise: str = "") -> str:
        """The slug; ``otherwise`` for a name nobody has told of."""
        return self._known.master_data_slug(name) or self._own.get(name) or self._known.find(name) or otherwise
