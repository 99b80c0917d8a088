"""Names of the Kafka record headers, declared once.

Dead letters carry the names Kafka Connect writes (KIP-298), so that its tools read them; what Connect
has no name for stands under ``shipsync.``.
"""

from __future__ import annotations

FEED = "feed"
CONTENT_TYPE = "content-type"
RECEIVED_AT = "received-at"
"""Milliseconds since the epoch, decimal digits."""
CORRELATION_ID = "correlation-id"
CHANNEL = "channel"
ASKED_NUMBER = "tracking-number"
"""The tracking number a poller asked for: some carriers' answers do not repeat it."""

ACTION = "shipsync.action"
"""The id of the person's action (``audit.actions``) that brought a record about."""

ERROR_TOPIC = "__connect.errors.topic"
ERROR_PARTITION = "__connect.errors.partition"
ERROR_OFFSET = "__connect.errors.offset"
ERROR_STAGE = "__connect.errors.stage"
ERROR_CONNECTOR = "__connect.errors.connector.name"
ERROR_TASK = "__connect.errors.task.id"
ERROR_CLASS = "__connect.errors.class.name"
ERROR_EXCEPTION = "__connect.errors.exception.class.name"
ERROR_MESSAGE = "__connect.errors.exception.message"
ERROR_STACKTRACE = "__connect.errors.exception.stacktrace"

HELD_BACK = "shipsync.held-back"
"""Carries, on records of changelogs, the messages that go out once the record is there
(``topologies/runtime/writing/outbox.py``)."""

UNREADABLE = "shipsync.headers-unreadable"
"""Takes the place of a record's headers where their names are not UTF-8."""
CUT = "shipsync.cut"
"""Says, on dead letters, what of the record was left out because the dead-letter topic takes no record so large."""

STEP = "shipsync.step"
REASON = "shipsync.reason"
PATH = "shipsync.path"
ATTEMPT = "shipsync.attempt"
FIRST_FAILED_AT = "shipsync.first-failed-at"
