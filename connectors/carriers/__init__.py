"""Discovers carriers: every folder with a ``carrier.yaml``, here and in SHIPSYNC_CARRIERS_DIR. No other list exists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import structlog

from config.settings import IntakeSettings
from connectors.carriers.layout import CODE, own_folders
from connectors.mapping.declared.yaml_text import CarrierFileError
from connectors.mapping.loading import FILE, Carrier, carrier_names_of, compile_carrier, read_carrier_file
from streams.intake.adapter import Adapter
from streams.kernel.errors import Fatal

__all__ = ["Carrier", "CarrierFileError", "discover", "enabled_carriers", "folders"]

HOME = Path(__file__).parent
log = structlog.get_logger(__name__)


def folders(home: Path = HOME, own: Path | None = None) -> list[Path]:
    """Return the carriers' folders, sorted by name. A folder in ``own`` (of the installation) replaces a packaged one.

    Raises Fatal for an invalid layout of ``own``.
    """
    found = {file.parent.name: file.parent for file in home.glob(f"*/{FILE}")}
    for folder in () if own is None else own_folders(own):
        if folder.name in found:
            log.info("an own carrier takes the place of the packaged one", carrier=folder.name, folder=str(folder))
        found[folder.name] = folder
    return [found[name] for name in sorted(found)]


def discover(home: Path = HOME, own: Path | None = None, edited: Path | None = None) -> list[Carrier]:
    """Load and compile every carrier, sorted by folder. ``edited``: a file in place of its feed's ``carrier.yaml``.

    ``adapter(carrier) -> Adapter`` of a folder's optional ``parse.py`` replaces the mapped adapter and may use it.
    Raises Fatal for an invalid layout of ``own`` or ``parse.py``, and CarrierFileError that names file, line and field.
    """
    where = {folder.name: folder for folder in folders(home, own)}
    carrier_files = {name: read_carrier_file(folder) for name, folder in where.items()}
    if edited is not None:
        file = read_carrier_file(edited.parent, edited.name)
        same = (name for name, one in carrier_files.items() if one.spec.feed == file.spec.feed)
        name = next(same, edited.parent.name)
        carrier_files[name] = file
        where.setdefault(name, edited.parent)
    names = carrier_names_of(carrier_files)
    feeds: dict[str, str] = {}
    carriers = []
    for name, file in carrier_files.items():
        if file.spec.feed in feeds:
            raise file.lines.error(("feed",), f"{file.spec.feed!r} is the feed of {feeds[file.spec.feed]} already")
        feeds[file.spec.feed] = name
        carriers.append(_with_code(where[name], compile_carrier(file, carrier_files, names)))
    return carriers


def enabled_carriers(intake: IntakeSettings) -> list[Carrier]:
    """Return the carriers of the feeds in SHIPSYNC_FEEDS; all carriers if it is empty.

    Raises Fatal for an unknown feed, and as :func:`discover`.
    """
    known = {carrier.feed: carrier for carrier in discover(own=intake.carriers_dir)}
    unknown = [feed for feed in intake.feeds if feed not in known]
    if unknown:
        raise Fatal(f"SHIPSYNC_FEEDS: there is no feed {unknown[0]!r}; the feeds are {', '.join(sorted(known))}")
    return [known[feed] for feed in dict.fromkeys(intake.feeds)] or list(known.values())


def _with_code(folder: Path, carrier: Carrier) -> Carrier:
    if not (folder / CODE).exists():
        return carrier
    spec = spec_from_file_location(f"{__name__}.{folder.name}.parse", folder / CODE)
    if spec is None or spec.loader is None:
        raise Fatal(f"{folder / CODE} is no Python module")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        adapter: Callable[[Carrier], Adapter] = module.adapter
    except Exception as error:  # somebody else's code
        raise Fatal(f"{folder / CODE}: {type(error).__name__}: {error}") from error
    return replace(carrier, adapter=adapter(carrier))
