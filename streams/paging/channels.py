"""Channels: the places outside that are told of alerts, and how patient each is. Durations are milliseconds."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from streams.outbound.policy import HOUR, SECOND, Policy

PREFIX = "channel:"
MOST_TOGETHER = 500
"""Alerts that one message tells at most."""


class Service(StrEnum):
    """The service a channel leads to. ``apprise``: any other service that the library Apprise has a URL for."""

    SLACK = "slack"
    TEAMS = "teams"
    PAGERDUTY = "pagerduty"
    OPSGENIE = "opsgenie"
    EMAIL = "email"
    WEBHOOK = "webhook"
    APPRISE = "apprise"


PAGERS = frozenset({Service.PAGERDUTY, Service.OPSGENIE})
"""Services that keep an incident open, and go on calling until somebody acknowledges it there or here."""


class Channel(Struct, frozen=True):
    """One channel. ``secret``: the name of the environment variable, or of the entry in the file of secrets, with its
    address or key; ``api``: another address of the service's API than the usual. ``within_ms``: how long an alert waits
    for others of its cause. ``escalate_to``: the channel that is told what nobody acknowledged ``escalate_ms`` after
    this one was. ``dry_run``: messages are recorded and none is sent."""

    name: str
    service: Service
    secret: str
    api: str | None = None
    within_ms: int = 30 * SECOND
    escalate_ms: int | None = None
    escalate_to: str | None = None
    dry_run: bool = False

    @property
    def is_pager(self) -> bool:
        """Whether its service keeps an incident open until it is told the end."""
        return self.service in PAGERS


class PagingPolicy(Struct, frozen=True):
    """All channels by name."""

    channels: dict[str, Channel] = field(default_factory=dict)


def destination_of(channel: str) -> str:
    """The destination that a channel is."""
    return PREFIX + channel


def outbound_policy(policy: PagingPolicy, *, all_dry_run: bool = False) -> Policy:
    """How patient sending is: a channel is never disabled, because nobody would be told of it."""
    dry = frozenset(destination_of(one.name) for one in policy.channels.values() if one.dry_run)
    return Policy(
        disable_after=None, first_window=2.0, most_outstanding=8.0,
        refused_retries=(60 * SECOND, 10 * 60 * SECOND, HOUR), dry_run=dry, all_dry_run=all_dry_run,
    )
