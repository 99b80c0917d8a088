"""Closed vocabularies of what goes out: how attempts end, and where a message is."""

from __future__ import annotations

from enum import StrEnum


class AttemptResult(StrEnum):
    """Tells how an attempt to send a message out ended. ``refused`` is about the message, ``limited`` and
    ``unavailable`` about the destination, ``gone`` says never to come again; ``dry_run`` was noted and not sent;
    ``ignored`` is of a kind that the destination is not told, as its declaration says."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    LIMITED = "limited"
    UNAVAILABLE = "unavailable"
    GONE = "gone"
    DRY_RUN = "dry_run"
    IGNORED = "ignored"


class OutboundStatus(StrEnum):
    """Where a message to the outside is: ``refused`` is given up, ``withdrawn`` was taken back before it was sent,
    ``held`` was refused and waits for a person, ``given_up`` is what a person gave up, ``dry_run`` would have been
    sent, ``ignored`` is of a kind that the destination is not told."""

    WAITING = "waiting"
    RETRYING = "retrying"
    SENT = "sent"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    HELD = "held"
    GIVEN_UP = "given_up"
    DRY_RUN = "dry_run"
    IGNORED = "ignored"


class DecisionKind(StrEnum):
    """Tells what a person decides about a message that waits."""

    RETRY = "retry"
    GIVE_UP = "give_up"


ERP_PREFIX = "erp:"
"""Destinations that are ERPs begin with it."""
NOTICE_PREFIX = "notices:"
"""Destinations that are ERPs' notices begin with it: they wait apart from postings."""
PENDING = frozenset({OutboundStatus.WAITING, OutboundStatus.RETRYING, OutboundStatus.HELD})
"""Messages that are not done with."""


class RecipientChannel(StrEnum):
    """The ways to tell people in words."""

    EMAIL = "email"
    CHAT = "chat"


class NotificationActionKind(StrEnum):
    """Actions on messages to customers; ``unknown`` is one of a later version, and does nothing."""

    UNKNOWN = "unknown"
    OPT_IN_ASKED = "opt_in_asked"
    OPT_IN_CONFIRMED = "opt_in_confirmed"
    OPTED_OUT = "opted_out"
    SEND_AGAIN = "send_again"
