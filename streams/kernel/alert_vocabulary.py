"""The closed lists of an alert's life, as ``kernel/vocabulary.py`` has the others."""

from __future__ import annotations

from enum import StrEnum


class AlertState(StrEnum):
    """Where an alert is in its life. ``gathered``: it stands under the alert of its silent feed, and was not raised."""

    RAISED = "raised"
    RESOLVED = "resolved"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    GATHERED = "gathered"


OPEN = frozenset({AlertState.RAISED, AlertState.ACKNOWLEDGED, AlertState.SNOOZED})
"""States in which somebody has an alert to see to, now or later."""


class ActionKind(StrEnum):
    """What a person does about an alert."""

    ACKNOWLEDGE = "acknowledge"
    SNOOZE = "snooze"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    ASSIGN = "assign"


class AlertStep(StrEnum):
    """What happened to an alert. ``ignored``: an action that had nothing to act on."""

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
