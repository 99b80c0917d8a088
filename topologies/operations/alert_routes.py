"""Tells which route an alert takes, and why; and sends a channel a message to try it."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

import msgspec

from config.settings import Settings
from connectors.outbound.answers import Answer
from connectors.outbound.channels.apprise_call import LOOKS
from connectors.outbound.channels.bodies import call_of, lines_of, subject_of
from connectors.outbound.channels.secrets import ChannelSecrets, MissingSecret
from connectors.outbound.channels.sender import BY_APPRISE, ChannelSender
from connectors.outbound.sender import now_ms
from connectors.outbound.webhook import WebhookClient
from streams.alerts.record import decode
from streams.alerts.routing import AlertPolicy, Match, Route, misses
from streams.contracts.model import Alert, AlertSignal
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import Severity
from streams.paging.channels import Channel, PagingPolicy
from streams.paging.wording import RESOLVED, TEST, Announcement
from topologies.stages import alert_rules

HIDDEN = "…"


def rules_of(settings: Settings) -> tuple[AlertPolicy, PagingPolicy]:
    """The routes and channels of the file of alert rules. Raises Fatal."""
    rules = alert_rules.load(settings.monitoring.alerts_file)
    return rules.policy, rules.paging


def signal_of(alert: Alert) -> AlertSignal:
    """The signal that an alert's route is chosen by. Raises Fatal for an alert that nothing raised."""
    latest = decode(alert.record).latest if alert.record else None
    if latest is None:
        raise Fatal(f"alert {alert.alert_id} was acted on before anything raised it; no route was chosen")
    return latest


def explained(signal: AlertSignal | None, policy: AlertPolicy, paging: PagingPolicy) -> list[dict[str, Any]]:
    """Every route in order: whether the alert takes it and, where not, which fields do not fit or which route came
    before. ``signal`` None: the routes alone."""
    found: list[dict[str, Any]] = []
    taken: int | None = None
    for place, route in enumerate(policy.routes, 1):
        why = ""
        if signal is not None:
            missed = misses(route.match, signal)
            if missed:
                why = f"no: {' and '.join(missed)} {'does' if len(missed) == 1 else 'do'} not fit"
            elif taken is not None:
                why = f"no: route {taken} fits before it"
            else:
                taken, why = place, "yes: all it asks for fits"
        found.append({
            "route": place, "match": _asked(route.match), "owner": route.owner or "", "channels": list(route.channels),
            "undeclared": [one for one in _all_channels(route) if one not in paging.channels],
            "escalates": _escalates(route), "taken": place == taken, "why": why,
        })
    return found


def declared(paging: PagingPolicy, secrets: ChannelSecrets) -> list[dict[str, Any]]:
    """Every channel: its service, whether its address is there, and who comes after it. Never an address."""
    found = []
    for one in paging.channels.values():
        try:
            secrets.of(one)
            address = "is set"
        except MissingSecret as error:
            address = str(error)
        found.append({
            "channel": one.name, "service": one.service.value, "secret": one.secret, "address": address,
            "together_within_s": one.within_ms // 1000, "escalates_to": one.escalate_to,
            "after_s": None if one.escalate_ms is None else one.escalate_ms // 1000, "dry_run": one.dry_run,
        })
    return found


def channel_of(paging: PagingPolicy, name: str) -> Channel:
    """The channel of this name. Raises Fatal, which lists those there are."""
    if (channel := paging.channels.get(name)) is None:
        known = ", ".join(sorted(paging.channels)) or "none; see channels in docs/alerts.md"
        raise Fatal(f"no channel is named {name!r}; the file of alert rules declares {known}")
    return channel


def trial(name: str) -> Announcement:
    """The announcement of a trial."""
    return Announcement(f"shipsync-test-{uuid.uuid4().hex[:12]}", f"Test of channel {name}: no action is needed",
                        Severity.INFO, source="ShipSync")


def shown(channel: Channel, said: Announcement) -> dict[str, Any]:
    """The call as it would be made, with the address or key left out."""
    if channel.service in BY_APPRISE:
        return {"by": LOOKS, "subject": subject_of(TEST, said), "text": lines_of(TEST, said)}
    call = call_of(channel, HIDDEN, TEST, said, said.key)
    headers = {name: value for name, value in call.headers.items() if name != "accept-encoding"}
    return {"url": call.url, "headers": headers, "body": json.loads(call.body)}


def send(settings: Settings, paging: PagingPolicy, channel: Channel, said: Announcement) -> Answer:
    """Send the trial, and its end where that closes something; the answer to the first. Raises Fatal naming the
    variable that is not set."""
    return asyncio.run(_send(settings, paging, channel, said))


async def _send(settings: Settings, paging: PagingPolicy, channel: Channel, said: Announcement) -> Answer:
    client = WebhookClient(settings.outbound.timeout, now_ms, private=True)
    try:
        sender = ChannelSender(paging, ChannelSecrets(settings), client, settings.outbound.timeout)
        answer = await sender.send(channel, TEST, said, said.key)
        if channel.is_pager:
            await sender.send(channel, RESOLVED, said, said.key)
        return answer
    except MissingSecret as error:
        raise Fatal(str(error)) from error
    finally:
        await client.close()


def _all_channels(route: Route) -> list[str]:
    return [*route.channels, *(() if route.escalation is None else route.escalation.channels)]


def _escalates(route: Route) -> str:
    one = route.escalation
    if one is None:
        return ""
    whom = ", ".join([*filter(None, (one.owner,)), *one.channels]) or "more severe"
    return f"after {one.after_ms // 60_000} min: {whom}"


def _asked(match: Match) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(match)
    return {
        name: sorted(value) if isinstance(value, list) else value for name, value in told.items() if value
    }
