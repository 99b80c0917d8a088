"""The standard code lists of X12 214, overridden by a partner's own entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from msgspec import Struct

from connectors.mapping.declared import yaml_text
from connectors.mapping.declared.published_codes import PublishedList, share_of
from connectors.mapping.declared.schema import X12, Cause, Meaning
from connectors.mapping.declared.status_meaning import StatusMeaning
from connectors.mapping.declared.status_tables import UNMAPPED, cause_of, status_meaning, with_cause
from connectors.mapping.values.places import TABLES
from streams.kernel.memo import is_short
from streams.kernel.vocabulary import Milestone, Reason

_CACHE_SIZE = 10_000


class Standard(Struct, frozen=True, forbid_unknown_fields=True):
    """``tables/x12_214.yaml``: data elements 1650, 1652, 1651, 128 and 623. ``published``: the codes of 1650."""

    source: str
    published: list[str]
    statuses: dict[str, Milestone | Meaning]
    appointments: dict[str, Milestone | Meaning]
    delivery_estimates: list[str]
    reasons: dict[str, Reason | Cause]
    references: dict[str, str | None]
    zones: dict[str, str]
    fixed_offsets: dict[str, int]


@cache
def standard() -> Standard:
    """Return the tables, read once. Raises CarrierFileError."""
    return yaml_text.load(TABLES / "x12_214.yaml", Standard)[0]


@dataclass(frozen=True, slots=True)
class Codes:
    """One partner's tables by code. ``reference_types`` is None for a qualifier that is no reference."""

    statuses: Mapping[str, StatusMeaning]
    appointments: Mapping[str, StatusMeaning]
    causes: Mapping[str, Cause]
    delivery_estimates: frozenset[str]
    reference_types: Mapping[str, str | None]
    cache: dict[tuple[str, str, str], StatusMeaning] = field(default_factory=dict, compare=False)

    def lookup(self, status: str, appointment: str, reason: str) -> StatusMeaning:
        """Return the meaning of an AT7: its status (1650) or appointment (1652) code with its reason code (1651)."""
        key = (status, appointment, reason)
        known = self.cache.get(key)
        if known is None:
            known = self._find(status, appointment, reason)
            if len(self.cache) < _CACHE_SIZE and is_short(*key):
                self.cache[key] = known
        return known

    def _find(self, status: str, appointment: str, reason: str) -> StatusMeaning:
        found = self.statuses.get(status) if status else self.appointments.get(appointment)
        if found is None:
            return UNMAPPED
        return with_cause(found, self.causes.get(reason)) if reason else found


def codes_of(partner: X12) -> Codes:
    """Return the standard tables, overridden by this partner's entries."""
    tables = standard()
    statuses = {**tables.statuses, **partner.statuses}
    reasons = {**tables.reasons, **partner.reasons}
    return Codes(
        {code: status_meaning(meaning) for code, meaning in statuses.items()},
        {code: status_meaning(meaning) for code, meaning in tables.appointments.items()},
        {code: cause_of(cause) for code, cause in reasons.items()},
        frozenset(tables.delivery_estimates),
        {**tables.references, **partner.references},
    )


def published_214(partner: X12) -> PublishedList:
    """Return the share of the standard's status codes (1650) that is mapped for this partner."""
    tables = standard()
    known = {*tables.statuses, *partner.statuses}
    return share_of("1650", tables.source, tables.published, lambda code: code in known)
