"""The closed lists about alerts: states, people's actions, and changes in the history."""

from __future__ import annotations

from enum import StrEnum

ITSELF = "itself"
"""In an alert's history: the alerts stage, no person."""


class AlertState(StrEnum):
    """The state of an alert. ``gathered``: it is shown under the alert of its silent feed and was not raised itself."""

    RAISED = "raised"
    RESOLVED = "resolved"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    GATHERED = "gathered"


OPEN = frozenset({AlertState.RAISED, AlertState.ACKNOWLEDGED, AlertState.SNOOZED})
"""States in which somebody has to attend to the alert, now or later."""


class ActionKind(StrEnum):
    """A person's action on an alert."""

    ACKNOWLEDGE = "acknowledge"
    SNOOZE = "snooze"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    ASSIGN = "assign"


class AlertStep(StrEnum):
    """A step in the history of an alert. ``ignored``: a person's action that its state does not allow."""

    RAISED = "raised"
    WORSENED = "worsened"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    WOKEN = "woken"
    ASSIGNED = "assigned"
    ESCALATED = "escalated"
    GATHERED = "gathered"
    RELEASED = "released"
    FLAPPING = "flapping"
    CALMED = "calmed"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    IGNORED = "ignored"
