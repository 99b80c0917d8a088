"""The closed lists about people's actions: who acts, by which way, on what, and whether the action was taken."""

from __future__ import annotations

from enum import StrEnum


class ActorKind(StrEnum):
    """Who acts: somebody who signed in, a program with a key, or whoever runs a command."""

    UNKNOWN = "unknown"
    PERSON = "person"
    API_CLIENT = "api_client"
    COMMAND_LINE = "command_line"


class ActionChannel(StrEnum):
    """The way an action comes in by."""

    UNKNOWN = "unknown"
    TOWER = "tower"
    API = "api"
    CLI = "cli"


class SubjectKind(StrEnum):
    """The kind of thing an action is about."""

    UNKNOWN = "unknown"
    ALERT = "alert"
    SHIPMENT = "shipment"
    REFERENCE = "reference"
    FEED = "feed"
    MASTER_DATA = "master_data"
    STATE_RECORD = "state_record"
    WEBHOOK = "webhook"
    DEAD_LETTER = "dead_letter"
    SAVED_FILTER = "saved_filter"
    STAGE = "stage"
    POSTING = "posting"
    RECIPIENT = "recipient"
    NOTIFICATION = "notification"
    DELIVERY = "delivery"


class ActionOutcome(StrEnum):
    """Whether an action was taken. ``failed``: the broker did not acknowledge it."""

    TAKEN = "taken"
    FAILED = "failed"
