"""The paging step: alerts as they stand in; what channels are told of them out, and when.

An alert that is raised waits on each of its channels for others of its cause; then one message tells them all. The
channel hears again when the alert asks for attention anew or is more severe, and once nothing of a message is open any
more. What nobody acknowledged in time goes to the next channel. An alert that is over before it was told is not told.

Its state is a record for each open alert and for each group of alerts told together. The messages go through the
outbound engine, one queue for each group, which leaves out repeats and keeps their order. Times are UTC ms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from streams.contracts.ids import digest
from streams.contracts.model import Alert
from streams.contracts.outbound import NewMessage
from streams.contracts.paging import AlertGroup, PagedAlert, ToldChannel
from streams.kernel.alert_vocabulary import OPEN, AlertState
from streams.kernel.step_result import StepResult
from streams.kernel.vocabulary import Correction
from streams.paging import wording
from streams.paging.channels import MOST_TOGETHER, PagingPolicy, destination_of
from streams.paging.paged_alert import (
    Record,
    alert_key,
    asks_again,
    cause_of,
    entry_of,
    escalations,
    paged,
    with_entry,
)

OPENED, GROUP = "opened:", "group:"


class Records(Protocol):
    """All records, by key."""

    def get(self, key: str, /) -> Record | None:
        """The record; None where there is none."""


class Forgotten(Struct, frozen=True):
    """An alert that is no more."""

    alert_id: str


def step(
    chunk: Sequence[Alert | Forgotten], known: Records, policy: PagingPolicy, now_ms: int
) -> StepResult[list[NewMessage], Record | None]:
    """Take in alerts as they stand. ``known``: all records, by key; None in ``states`` deletes one.

    ``counts``: of alerts ``open`` and ``over``.
    """
    work = _Work(known, policy, now_ms)
    for item in chunk:
        work.take(item)
    return work.result()


def sweep(
    keys: Iterable[str], known: Records, policy: PagingPolicy, now_ms: int
) -> StepResult[list[NewMessage], Record | None]:
    """Do what the clock brings about for these records: groups to tell, and escalations. ``counts``: ``told`` and
    ``escalated``."""
    work = _Work(known, policy, now_ms)
    for key in keys:
        record = work.get(key)
        if isinstance(record, PagedAlert):
            work.escalate(record)
    for key in keys:
        record = work.get(key)
        if isinstance(record, AlertGroup) and record.due_at is not None and record.due_at <= now_ms:
            work.tell(key, record)
    return work.result()


def _opened_key(channel: str, cause: str) -> str:
    return f"{OPENED}{channel}:{cause}"


def _group_key(channel: str, group: str) -> str:
    return f"{GROUP}{channel}:{group}"


class _Work:
    """The records of one call as they change."""

    def __init__(self, known: Records, policy: PagingPolicy, now_ms: int) -> None:
        self._known, self._policy, self._now = known, policy, now_ms
        self._changed: dict[str, Record | None] = {}
        self._messages: list[NewMessage] = []
        self._counts = Counter[str]()

    def get(self, key: str) -> Record | None:
        """The record as it is now."""
        return self._changed[key] if key in self._changed else self._known.get(key)

    def take(self, item: Alert | Forgotten) -> None:
        """Take in an alert as it stands."""
        before = self._alert(item.alert_id)
        if isinstance(item, Forgotten) or item.state not in OPEN:
            self._counts["over"] += 1
            if before is not None:
                self._is_over(before)
            return
        self._counts["open"] += 1
        after = paged(item, () if before is None else before.told)
        if after.state is AlertState.RAISED:
            for name in after.channels:
                after = self._to_tell(after, name)
            for one in after.told:
                after = self._to_tell(after, one.channel)
        else:
            after = self._quieted(after)
        if after.told or before is not None:
            self._changed[alert_key(after.alert_id)] = after if after.told else None
        is_news = before is not None and before.state is not AlertState.ACKNOWLEDGED
        if is_news and after.state is AlertState.ACKNOWLEDGED:
            for one in after.told:
                self._acknowledge(one, after)

    def escalate(self, alert: PagedAlert) -> None:
        """Bring the alert to the channels that are to be told because nobody acknowledged."""
        for at, name in escalations(alert, self._policy):
            if at <= self._now:
                alert = self._to_tell(alert, name)
                self._counts["escalated"] += 1
        self._changed[alert_key(alert.alert_id)] = alert

    def tell(self, key: str, opened: AlertGroup) -> None:
        """Send the message for which a group waited, of those that are still raised."""
        self._changed[key] = None
        alerts = []
        for name in opened.members:
            alert = self._alert(name)
            if alert is not None and alert.state is AlertState.RAISED and entry_of(alert, opened.channel).waiting:
                alerts.append(alert)
        if not alerts:
            return
        first = alerts[0]
        own = len(alerts) == 1
        group = first.alert_id if own else digest(opened.channel, opened.cause, str(opened.opened_at), first.alert_id)
        for alert in alerts:
            told = entry_of(alert, opened.channel)
            if told.group and told.group != group:
                self._leave(told, alert)
            now = ToldChannel(opened.channel, group, False, self._now, alert.times_raised, alert.severity)
            self._changed[alert_key(alert.alert_id)] = with_entry(alert, now)
        title = wording.title_of(alerts)
        self._changed[_group_key(opened.channel, group)] = AlertGroup(
            opened.channel, group, opened.cause, opened.opened_at, None, [one.alert_id for one in alerts], len(alerts),
            title,
        )
        body, about = wording.raised(group, title, alerts), [one.alert_id for one in alerts]
        self._send(opened.channel, group, wording.RAISED, body, Correction.NEW, about)
        self._counts["told"] += len(alerts)

    def result(self) -> StepResult[list[NewMessage], Record | None]:
        """All that changed."""
        changed = {key: one for key, one in self._changed.items() if one != self._known.get(key)}
        return StepResult(self._messages, changed, counts=dict(self._counts))

    def _alert(self, alert_id: str) -> PagedAlert | None:
        found = self.get(alert_key(alert_id))
        return found if isinstance(found, PagedAlert) else None

    def _group(self, key: str) -> AlertGroup | None:
        found = self.get(key)
        return found if isinstance(found, AlertGroup) else None

    def _to_tell(self, alert: PagedAlert, name: str) -> PagedAlert:
        """The alert, waiting to be told on the channel where that is to hear of it now."""
        channel = self._policy.channels.get(name)
        told = entry_of(alert, name)
        if channel is None or told.waiting or (told.group and not asks_again(alert, told)):
            return alert
        cause = cause_of(alert)
        key = _opened_key(name, cause)
        group = self._group(key) or AlertGroup(name, "", cause, self._now, self._now + channel.within_ms)
        if len(group.members) >= MOST_TOGETHER:
            self.tell(key, group)
            group = AlertGroup(name, "", cause, self._now, self._now + channel.within_ms)
        self._changed[key] = replace(group, members=[*group.members, alert.alert_id])
        waiting = replace(told, channel=name, waiting=True, at=told.at if told.group else self._now)
        return with_entry(alert, waiting)

    def _is_over(self, alert: PagedAlert) -> None:
        """Let it leave all groups it is in."""
        self._changed[alert_key(alert.alert_id)] = None
        for told in alert.told:
            if told.waiting:
                self._wait_no_more(told.channel, alert)
            if told.group:
                self._leave(told, alert)

    def _quieted(self, alert: PagedAlert) -> PagedAlert:
        """The alert without what waits to be told: somebody has seen it, or put it off."""
        told = []
        for one in alert.told:
            if one.waiting:
                self._wait_no_more(one.channel, alert)
            if one.group:
                told.append(replace(one, waiting=False))
        return replace(alert, told=told)

    def _wait_no_more(self, channel: str, alert: PagedAlert) -> None:
        key = _opened_key(channel, cause_of(alert))
        if (group := self._group(key)) is not None:
            members = [one for one in group.members if one != alert.alert_id]
            self._changed[key] = replace(group, members=members) if members else None

    def _leave(self, told: ToldChannel, alert: PagedAlert) -> None:
        """Take the alert out of the group it was told in; the last one tells that nothing of it is open."""
        key = _group_key(told.channel, told.group)
        if (group := self._group(key)) is None:
            return
        members = [one for one in group.members if one != alert.alert_id]
        self._changed[key] = replace(group, members=members) if members else None
        if not members:
            body = wording.ended(group, alert)
            self._send(told.channel, told.group, wording.RESOLVED, body, Correction.RETRACTS, [alert.alert_id])

    def _acknowledge(self, told: ToldChannel, alert: PagedAlert) -> None:
        """Tell a pager that nobody needs to be called any more, once all alerts of the message are acknowledged."""
        channel = self._policy.channels.get(told.channel)
        group = self._group(_group_key(told.channel, told.group)) if told.group else None
        if channel is None or not channel.is_pager or group is None:
            return
        members = (self._alert(one) for one in group.members)
        if all(one is None or one.state is AlertState.ACKNOWLEDGED for one in members):
            body = wording.ended(group, alert)
            self._send(told.channel, told.group, wording.ACKNOWLEDGED, body, Correction.REPLACES, group.members)

    def _send(
        self, channel: str, group: str, kind: str, body: str, correction: Correction, about: Sequence[str]
    ) -> None:
        if channel in self._policy.channels:
            destination = destination_of(channel)
            self._messages.append(
                NewMessage(group, destination, destination, group, kind, correction, body, tuple(about))
            )
