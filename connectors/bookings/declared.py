"""``config/bookings.yaml``: which carriers are asked for which deliveries, and how. Every error names line, field and
fix."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

from msgspec import structs

from connectors.bookings.declaration import (
    Above,
    CarrierDeclared,
    ChannelDeclared,
    File,
    ServiceDeclared,
    Waiting,
)
from connectors.erp.rest.client import BadAddress, checked_address
from connectors.mapping.declared import yaml_text
from connectors.mapping.declared.yaml_text import CarrierFileError, Lines
from streams.bookings.rules import (
    Blackout,
    Channel,
    Cost,
    Lane,
    Patience,
    Place,
    Rules,
    Service,
    Tolerance,
    WhenUneven,
)
from streams.contracts.bookings import Party
from streams.kernel.errors import Fatal

PACKAGED = Path(__file__).parents[2] / "config" / "bookings.yaml"
EVERY = "*"
_UNITS_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"([1-9]\d{0,5})([smhd])")
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_PLACE = re.compile(r"([A-Z]{2})(?::([A-Z0-9]{1,10}))?")
_COUNTRY, _CURRENCY = re.compile(r"[A-Z]{2}"), re.compile(r"[A-Z]{3}")
_ENDPOINT = re.compile(r"([0-9A-Z]{1,4}):([A-Z0-9][A-Z0-9 ._-]{0,34})")
_Field = tuple[str, ...]


class Partner(NamedTuple):
    """How one carrier is asked. ``scac``: its name in EDI."""

    carrier: str
    scac: str
    channel: ChannelDeclared


class Declared(NamedTuple):
    """The rules, and how each carrier is asked, by its slug."""

    rules: Rules
    partners: Mapping[str, Partner]


def load(path: Path | None = None) -> Declared:
    """The rules of a file, by default of the packaged one, which has no carrier. Raises Fatal, which names file, line,
    field and fix."""
    path = path or PACKAGED
    try:
        file, lines = yaml_text.load(path, File)
        return Declared(_rules(file, lines), {
            name: Partner(name, one.scac.upper() or name.upper(), _channel(one.channel, ("carriers", name), lines))
            for name, one in file.carriers.items()
        })
    except (OSError, UnicodeDecodeError) as error:
        raise Fatal(f"{path}: cannot be read: {error}") from error
    except CarrierFileError as error:
        raise Fatal(str(error)) from error


def _rules(file: File, lines: Lines) -> Rules:
    shippers = {}
    for name, one in file.warehouses.items():
        where = ("warehouses", name)
        _match(_COUNTRY, one.country, (*where, "country"), "write the country as in ISO 3166-1, such as DE", lines)
        shippers["" if name == EVERY else name] = Party(**structs.asdict(one))
    if file.carriers and not shippers:
        raise lines.error(("warehouses",), 'carriers come from somewhere: give the address of "*" at least')
    services = [service for name, one in file.carriers.items() for service in _services(name, one, lines)]
    waits = file.waits
    return Rules(
        tuple(services), shippers, _uneven(file.short, "short", lines), _uneven(file.over, "over", lines),
        _patience(waits.warehouse, "warehouse", lines), _patience(waits.decision, "decision", lines),
        _patience(waits.number, "number", lines), _patience(waits.cancellation, "cancellation", lines),
        _tolerance(file.invoices.rate, "rate", lines), _tolerance(file.invoices.weight, "weight", lines),
    )


def _services(name: str, one: CarrierDeclared, lines: Lines) -> list[Service]:
    where = ("carriers", name)
    _match(_SLUG, name, where, "write the carrier's slug: lower-case letters, digits, - and _", lines)
    if not one.services:
        raise lines.error((*where, "services"), "name a service at least, such as parcel")
    within = _duration(one.answer_within, (*where, "answer_within"), lines)
    names = frozenset({one.scac.lower()} - {""})
    return [
        _service(name, service, told, one.channel.kind, within, names, lines) for service, told in one.services.items()
    ]


def _service(
    carrier: str, name: str, told: ServiceDeclared, kind: str, within: int, names: frozenset[str], lines: Lines
) -> Service:
    where = ("carriers", carrier, "services", name)
    if told.costs and not told.currency:
        raise lines.error((*where, "currency"), "costs have a currency: add it, such as EUR")
    if told.currency:
        _match(_CURRENCY, told.currency, (*where, "currency"), "write it as in ISO 4217, such as EUR", lines)
    weights = told.weight_kg
    if weights.most is not None and weights.most < weights.least:
        raise lines.error((*where, "weight_kg", "most"), "it is below `least`: nothing would fit")
    limits = [row.up_to_kg for row in told.costs]
    bounded = [limit for limit in limits if limit is not None]
    if bounded != sorted(set(bounded)) or None in limits[:-1]:
        raise lines.error((*where, "costs"), "let up_to_kg rise from row to row; the last may be without it")
    lanes = tuple(
        Lane(
            tuple(_place(text, (*where, "lanes", str(place), "from"), lines) for text in way.origins),
            tuple(_place(text, (*where, "lanes", str(place), "to"), lines) for text in way.destinations),
        ) for place, way in enumerate(told.lanes)
    )
    return Service(
        carrier, name, _kind(kind, ("carriers", carrier, "channel", "kind"), lines), lanes, frozenset(told.customers),
        weights.least, weights.most, weights.piece, tuple(Cost(row.up_to_kg, row.price) for row in told.costs),
        told.currency, tuple(_blackout(text, (*where, "blackouts"), lines) for text in told.blackouts), within,
        told.accessorials, names,
    )


def _channel(one: ChannelDeclared, where: _Field, lines: Lines) -> ChannelDeclared:
    where = (*where, "channel")
    if _kind(one.kind, (*where, "kind"), lines) is Channel.REST:
        try:
            checked_address(one.address, plain_http=False)
        except BadAddress as error:
            raise lines.error((*where, "address"), str(error)) from None
        if one.token is not None and (one.token.env is None) == (one.token.file is None):
            raise lines.error((*where, "token"), "name either the variable (env) or the file that holds it")
        if not 0 < one.timeout <= 600:
            raise lines.error((*where, "timeout"), "use seconds, more than 0 and at most 600")
        return one
    _match(_SLUG, one.feed, (*where, "feed"), "name the partner's feed, as its carrier.yaml has it", lines)
    for name, text in (("sender", one.sender), ("receiver", one.receiver)):
        _match(_ENDPOINT, text, (*where, name), "write QUALIFIER:ID, such as ZZ:NORTHTRADERS", lines)
    return one


def _kind(text: str, where: _Field, lines: Lines) -> Channel:
    try:
        return Channel(text)
    except ValueError:
        raise lines.error(where, f"{text!r} is not known; use one of {', '.join(Channel)}") from None


def _uneven(text: str, name: str, lines: Lines) -> WhenUneven:
    try:
        return WhenUneven(text)
    except ValueError:
        raise lines.error((name,), f"{text!r} is not known; use one of {', '.join(WhenUneven)}") from None


def _patience(one: Waiting, name: str, lines: Lines) -> Patience:
    if not one.owner.strip() or len(one.owner) > 80 or not one.owner.isprintable():
        raise lines.error(("waits", name, "owner"), "name a person or a group, in at most 80 characters")
    return Patience(one.owner, _duration(one.deadline, ("waits", name, "deadline"), lines))


def _tolerance(one: Above, name: str, lines: Lines) -> Tolerance:
    if one.percent < 0 or one.amount < 0:
        raise lines.error(("invoices", name), "a tolerance is 0 or more")
    return Tolerance(one.percent, one.amount)


def _duration(text: str, where: _Field, lines: Lines) -> int:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise lines.error(where, f"{text!r} is no duration; write 90s, 15m, 2h or 3d")
    return int(found[1]) * _UNITS_MS[found[2]]


def _place(text: str, where: _Field, lines: Lines) -> Place:
    found = _PLACE.fullmatch(text)
    if found is None:
        raise lines.error(where, f"{text!r} is no place; write a country, such as DE, or DE:20 for a postal prefix")
    return Place(found[1], found[2] or "")


def _blackout(text: str, where: _Field, lines: Lines) -> Blackout:
    first, _, last = text.partition("..")
    try:
        days = [date.fromisoformat(one) for one in (first, last or first)]
    except ValueError:
        raise lines.error(where, f"{text!r} is no day; write 2026-12-24 or 2026-12-24..2026-12-26") from None
    if days[0] > days[1]:
        raise lines.error(where, f"{text!r} ends before it begins")
    return Blackout(days[0].isoformat(), days[1].isoformat())


def _match(pattern: re.Pattern[str], text: str, where: _Field, problem: str, lines: Lines) -> None:
    if not pattern.fullmatch(text):
        raise lines.error(where, f"{text!r}: {problem}")
