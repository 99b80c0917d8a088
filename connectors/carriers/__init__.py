"""The carriers, one folder each: whatever stands there with a ``carrier.yaml`` is one. Nothing else names them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from connectors.mapping.declared.yaml_text import CarrierFileError
from connectors.mapping.loading import FILE, Carrier, compile_carrier, names_of, read
from streams.intake.adapter import Adapter
from streams.kernel.errors import Fatal

__all__ = ["Carrier", "CarrierFileError", "discover", "folders", "taken"]

HOME = Path(__file__).parent
CODE = "parse.py"


def folders(home: Path = HOME) -> list[Path]:
    """The carriers' folders, sorted by name."""
    return sorted(file.parent for file in home.glob(f"*/{FILE}"))


def discover(home: Path = HOME) -> list[Carrier]:
    """Every carrier, ready to parse, sorted by folder. Raises CarrierFileError naming file, line and field.

    A folder's ``parse.py``, where there is one, gives ``adapter(carrier) -> Adapter``, which takes the
    place of the mapped adapter and may use it.
    """
    read_ones = {folder.name: read(folder) for folder in folders(home)}
    names = names_of(read_ones)
    feeds: dict[str, str] = {}
    carriers = []
    for name, one in read_ones.items():
        if one.spec.feed in feeds:
            raise one.lines.error(("feed",), f"{one.spec.feed!r} is the feed of {feeds[one.spec.feed]} already")
        feeds[one.spec.feed] = name
        carriers.append(_with_code(home / name, compile_carrier(one, read_ones, names)))
    return carriers


def taken(feeds: Sequence[str]) -> list[Carrier]:
    """The carriers of these feeds; of none named all there are. Raises Fatal for a feed nobody has."""
    known = {carrier.feed: carrier for carrier in discover()}
    unknown = [feed for feed in feeds if feed not in known]
    if unknown:
        raise Fatal(f"SHIPSYNC_FEEDS: there is no feed {unknown[0]!r}; the feeds are {', '.join(sorted(known))}")
    return [known[feed] for feed in dict.fromkeys(feeds)] or list(known.values())


def _with_code(folder: Path, carrier: Carrier) -> Carrier:
    if not (folder / CODE).exists():
        return carrier
    module = importlib.import_module(f"{__name__}.{folder.name}.parse")
    adapter: Callable[[Carrier], Adapter] = module.adapter
    return replace(carrier, adapter=adapter(carrier))
