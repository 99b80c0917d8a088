"""Reads people's actions from the read model."""

from __future__ import annotations

from typing import NamedTuple

from connectors.read_store.connections import Connections
from connectors.read_store.pages import Page
from streams.contracts.audit import AuditAction


class ActionFilter(NamedTuple):
    """Which actions a list shows; None: all. ``who``: a part of the name, in small or capital letters; ``subject``: the
    key of what they are about; of a shipment also those on its alerts, and on references that were said to be it.
    ``since``: then or later, UTC ms."""

    who: str | None = None
    subject: str | None = None
    action: str | None = None
    since: int | None = None


class ActionReads(Connections):
    """The lists of actions."""

    def actions(self, wanted: ActionFilter, limit: int, cursor: str | None = None) -> Page[AuditAction]:
        """The newest first. Raises WrongCursor, and Transient where there is no file that can be read."""
        where, given = list[str](), list[object]()
        if wanted.who is not None:
            where, given = [*where, "instr(lower(who), lower(?)) > 0"], [*given, wanted.who]
        if wanted.subject is not None:
            where.append(
                "(subject = ? OR shipment = ? OR subject_kind = 'alert' AND subject IN"
                " (SELECT alert_id FROM alerts WHERE shipment = ? AND shipment <> ''))"
            )
            given += [wanted.subject] * 3
        if wanted.action is not None:
            where, given = [*where, "action = ?"], [*given, wanted.action]
        if wanted.since is not None:
            where, given = [*where, "at >= ?"], [*given, wanted.since]
        return self._newest_first("actions", "action_id", AuditAction, where, given, limit, cursor)

    def kinds_of_actions(self) -> list[str]:
        """Every kind of action there is."""
        return [one for [one] in self._rows("SELECT DISTINCT action FROM actions ORDER BY action")]
