"""``channels`` of ``config/alerts.yaml``: where each channel that routes name leads."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from connectors.mapping.declared.yaml_text import Lines
from streams.paging.channels import PAGERS, Channel, PagingPolicy, Service

_NAME = re.compile(r"[A-Z][A-Z0-9_]{2,63}")
_OURS = "SHIPSYNC_"
_CHANNEL = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
Wait = Callable[..., int | None]


class Unanswered(Struct, frozen=True, forbid_unknown_fields=True):
    """The channel that is told what nobody acknowledges."""

    after: str
    to: str


class Channelling(Struct, frozen=True, forbid_unknown_fields=True):
    """One channel. ``secret``: names the environment variable with its address or key."""

    service: Service
    secret: str
    api: str | None = None
    together_within: str = "30s"
    escalate: Unanswered | None = None
    dry_run: bool = False


class Escalating(Protocol):
    """Escalates an alert to further channels."""

    @property
    def channels(self) -> Sequence[str]: ...


class Routing(Protocol):
    """A route, as far as it names channels."""

    @property
    def channels(self) -> Sequence[str]: ...
    @property
    def escalate(self) -> Escalating | None: ...


def check_routes(routes: Sequence[Routing], channels: Mapping[str, Channelling], lines: Lines) -> None:
    """Raise CarrierFileError for a channel that a route names and nobody declared."""
    for place, route in enumerate(routes):
        where = ("routes", str(place))
        for name in route.channels:
            _declared(name, channels, lines, *where, "channels")
        for name in () if route.escalate is None else route.escalate.channels:
            _declared(name, channels, lines, *where, "escalate", "channels")


def policy_of(channels: Mapping[str, Channelling], lines: Lines, wait: Wait) -> PagingPolicy:
    """The channels. ``wait``: reads a duration, in ms. Raises CarrierFileError, which names line and field."""
    return PagingPolicy({name: _channel(name, one, channels, lines, wait) for name, one in channels.items()})


def _channel(
    name: str, one: Channelling, channels: Mapping[str, Channelling], lines: Lines, wait: Wait
) -> Channel:
    where = ("channels", name)
    if not _CHANNEL.fullmatch(name):
        raise lines.error(where, f"{name!r} is no name of a channel; use a-z, 0-9 and -, 40 at most")
    if not _NAME.fullmatch(one.secret) or one.secret.startswith(_OURS):
        raise lines.error(
            (*where, "secret"), "give the name of an environment variable, such as SLACK_OPERATIONS, that holds the"
            f" address or key; it may not begin with {_OURS}",
        )
    if one.api is not None and one.service not in PAGERS:
        raise lines.error((*where, "api"), f"only {' and '.join(sorted(PAGERS))} have another address of their API")
    if one.api is not None and not one.api.startswith(("https://", "http://")):
        raise lines.error((*where, "api"), "give a URL such as https://events.eu.pagerduty.com")
    escalate = one.escalate
    if escalate is not None:
        _declared(escalate.to, channels, lines, *where, "escalate", "to")
        _check_end(name, channels, lines)
        if wait(lines, escalate.after, *where, "escalate", "after") is None:
            raise lines.error((*where, "escalate", "after"), "give a duration such as 30m, or leave out escalate")
    return Channel(
        name, one.service, one.secret, one.api, wait(lines, one.together_within, *where, "together_within") or 0,
        None if escalate is None else wait(lines, escalate.after, *where, "escalate", "after"),
        None if escalate is None else escalate.to, one.dry_run,
    )


def _check_end(name: str, channels: Mapping[str, Channelling], lines: Lines) -> None:
    """Raise CarrierFileError where escalations from this channel come back to one that was told."""
    way = [name]
    while (one := channels.get(way[-1])) is not None and one.escalate is not None:
        if one.escalate.to in way:
            circle = " -> ".join([*way, one.escalate.to])
            raise lines.error(("channels", way[-1], "escalate", "to"), f"{circle} is a circle; end it somewhere")
        way.append(one.escalate.to)


def _declared(name: str, channels: Mapping[str, Channelling], lines: Lines, *where: str) -> None:
    if name not in channels:
        known = ", ".join(sorted(channels)) or "none"
        raise lines.error(where, f"no channel is named {name!r}; channels declares {known}")
