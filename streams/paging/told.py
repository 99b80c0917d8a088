"""Who was told of an alert: of each channel, where its last message about it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from streams.contracts.outbound import OutboundOutcome
from streams.kernel.outbound_vocabulary import OutboundStatus
from streams.paging.channels import PREFIX
from streams.paging.wording import RAISED


class ToldOn(NamedTuple):
    """A channel that was told of an alert, or is to be. ``at``: since when the message is where ``status`` says, UTC
    ms: when it was sent, if it was. ``attempts``: made so far; ``detail``: what the service answered last."""

    channel: str
    status: OutboundStatus
    at: int
    attempts: int = 0
    detail: str = ""


def told_on(outcomes: Iterable[OutboundOutcome]) -> list[ToldOn]:
    """Each channel's last message that an alert is there, in the order they were queued. ``outcomes``: about one alert,
    in any order, any number of each message. What was withdrawn told nobody."""
    messages: dict[str, OutboundOutcome] = {}
    for one in outcomes:
        known = messages.get(one.message_id)
        if one.kind == RAISED and (known is None or (known.at, known.attempts) <= (one.at, one.attempts)):
            messages[one.message_id] = one
    newest: dict[str, OutboundOutcome] = {}
    for one in sorted(messages.values(), key=lambda one: (one.queued_at, one.message_id)):
        if one.status is not OutboundStatus.WITHDRAWN:
            newest.pop(one.destination, None)
            newest[one.destination] = one
    return [
        ToldOn(one.destination.removeprefix(PREFIX), one.status, one.at, one.attempts, one.detail)
        for one in newest.values()
    ]
