"""Alerts as the paging stage takes them, channels, and a world of both in memory."""

from __future__ import annotations

from typing import Any

from streams.contracts.model import Alert, AlertOrder
from streams.contracts.outbound import NewMessage, OutboundRequest
from streams.kernel.alert_vocabulary import AlertState
from streams.kernel.outbound_vocabulary import AttemptResult
from streams.kernel.vocabulary import AlertKind, ExceptionType, Reason, Severity
from streams.paging import paged_alert
from streams.paging import step as paging
from streams.paging.channels import Channel, PagingPolicy, Service, outbound_policy
from streams.paging.wording import RAISED, RESOLVED, decoded
from tests.support.outbound_inputs import NOW, attempt
from tests.support.outbound_world import Outside

MINUTE = 60_000


def channel(name: str, service: Service = Service.SLACK, **changes: Any) -> Channel:
    return Channel(name, service, name.upper(), **{"within_ms": MINUTE, **changes})


def policy(*channels: Channel) -> PagingPolicy:
    return PagingPolicy({one.name: one for one in channels})


def alert(name: str = "a1", state: AlertState = AlertState.RAISED, **changes: Any) -> Alert:
    return Alert(**{
        "alert_id": name, "kind": AlertKind.DELIVERY_LATE, "state": state, "severity": Severity.WARNING,
        "subject": f"ups:{name}", "message": f"ups:{name}: promised yesterday", "exception": ExceptionType.DELAY,
        "reason": Reason.OTHER, "raised_at": NOW, "changed_at": NOW, "carrier": "ups", "channels": ["ops"],
        "times_raised": 1, "owner": "operations", "orders": [AlertOrder("SO-1", "D-1", "C-1")], **changes,
    })


class Paging:
    """The paging step and the engine with all records in memory. ``sent``: every attempt asked for, in order."""

    def __init__(self, rules: PagingPolicy) -> None:
        self.rules = rules
        self.records: dict[str, paged_alert.Record] = {}
        self.outside = Outside(outbound_policy(rules), rendered=lambda messages: messages[0].body)

    @property
    def now(self) -> int:
        return self.outside.now

    def __call__(self, *chunk: Alert | paging.Forgotten) -> list[OutboundRequest]:
        """Take in alerts; the attempts it asks for."""
        return self._applied(paging.step(chunk, self.records, self.rules, self.now))

    def after(self, ms: int) -> list[OutboundRequest]:
        """Let time pass to the next thing due, again and again; the attempts it asks for."""
        asked: list[OutboundRequest] = []
        until = self.now + ms
        while (at := self._next_due()) is not None and at <= until:
            self.outside.now = max(self.now, at)
            asked += self.sweep()
        self.outside.now = until
        return asked

    def sweep(self) -> list[OutboundRequest]:
        """Do what is due now."""
        due = [key for key, at in self._dues() if at <= self.now]
        return self._applied(paging.sweep(due, self.records, self.rules, self.now)) + self.outside.sweep()

    def answer(
        self, request: OutboundRequest, result: AttemptResult = AttemptResult.ACCEPTED
    ) -> list[OutboundRequest]:
        return self.outside(attempt(request, result, self.now))

    def _applied(self, result: Any) -> list[OutboundRequest]:
        for key, one in result.states.items():
            if one is None:
                self.records.pop(key, None)
            else:
                self.records[key] = one
        messages: list[NewMessage] = result.outputs
        return self.outside(*messages) if messages else []

    def _dues(self) -> list[tuple[str, int]]:
        found = ((key, paged_alert.next_due(one, self.rules)) for key, one in self.records.items())
        return [(key, at) for key, at in found if at is not None]

    def _next_due(self) -> int | None:
        at = [one for _, one in self._dues()]
        if (engine := self.outside.next_due()) is not None:
            at.append(engine)
        return min(at, default=None)


class Receiver:
    """One channel's people and what they see: open messages by key. Repeats of a message id are one message."""

    def __init__(self) -> None:
        self.open: dict[str, set[str]] = {}
        self.messages: dict[str, tuple[str, str, frozenset[str], int]] = {}

    def take(self, request: OutboundRequest) -> None:
        said = decoded(request.body)
        self.messages[request.message_id] = request.kind, said.key, frozenset(said.alerts), said.times
        if request.kind == RAISED:
            self.open[said.key] = set(said.alerts)
        elif request.kind == RESOLVED:
            self.open.pop(said.key, None)
