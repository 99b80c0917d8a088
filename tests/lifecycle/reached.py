"""Reads where each delivery of the script has come to, from the topics and from the ERP, and compares it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from config import topics
from config.settings import Settings
from connectors.kafka.registry import Registry
from connectors.kafka.topic_reader import latest
from streams.contracts.model import Alert, FulfilmentState
from streams.kernel.vocabulary import AlertKind
from tests.lifecycle.erps import Erp
from tests.lifecycle.script import ENDS, Scripted

NOTHING = "nothing"


class Reached(NamedTuple):
    """The state of one delivery in words: its phase with what it waits for, what the ERP has, and whether its wait was
    overdue."""

    phase: str
    in_erp: str
    overdue: str


def must(order: Scripted, erp: Erp) -> Reached:
    """The state that the script demands."""
    end = ENDS[order.story]
    waits = "" if end.waits_for is None else f", waits for {end.waits_for.value}"
    return Reached(f"{end.phase.value}{waits}", erp.must_hold(end), _overdue(end.was_overdue))


def reached(orders: Sequence[Scripted], settings: Settings, erp: Erp) -> dict[str, Reached]:
    """The state of each delivery of the script, by delivery."""
    registry = Registry(settings)
    states = latest(settings, registry, topics.FULFILMENT_STATE, FulfilmentState)
    overdue = {
        one.subject for one in latest(settings, registry, topics.OPS_ALERTS, Alert).values()
        if one.kind is AlertKind.CONFIRMATION_OVERDUE and one.times_raised
    }
    held = erp.holds()
    return {
        one.delivery_id: Reached(
            _phase(states.get(one.delivery_id)), held.get(one.delivery_id, NOTHING),
            _overdue(one.delivery_id in overdue),
        )
        for one in orders
    }


def differences(
    orders: Sequence[Scripted], found: Mapping[str, Reached], erp: Erp
) -> Iterator[tuple[Scripted, Reached, Reached]]:
    """Each order that is not where the script says, with what it must be and what it is."""
    for one in orders:
        wanted, there = must(one, erp), found[one.delivery_id]
        if wanted != there:
            yield one, wanted, there


def _phase(state: FulfilmentState | None) -> str:
    if state is None:
        return NOTHING
    waits = "" if state.wait is None else f", waits for {state.wait.kind.value}"
    return f"{state.phase.value}{waits}"


def _overdue(was: bool) -> str:
    return "alerted" if was else ""
