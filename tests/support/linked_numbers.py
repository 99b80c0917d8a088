"""Links between numbers of one carrier, events under them, and the records they end in."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from streams.contracts.model import ShipmentLink
from streams.kernel.vocabulary import LinkKind, Milestone
from streams.shipments import record as records
from tests.support import laws
from tests.support.strategies import carrier_event, received


def link(part: str, whole: str, kind: LinkKind = LinkKind.HANDED_OVER, **changes: Any) -> ShipmentLink:
    return ShipmentLink("north", part, "north", whole, kind, **changes)


def event(number: str, milestone: Milestone, minutes: int, **changes: Any) -> Any:
    return received(carrier_event(milestone, minutes, tracking_number=number, **changes))


def shipment(outcome: laws.Outcome, number: str) -> records.Shipment:
    return records.decode(outcome.records[f"north:{number}"])


TWO_WAYS = [link("S7", "N100"), link("R1", "S7", LinkKind.ALIAS), link("R1", "N100", LinkKind.RETURN_LEG)]
"""Links a hand-over's second number as its alias and, wrongly or not, as the return leg too."""


def known(outcome: laws.Outcome) -> dict[str, bytes]:
    """Encodes the records that say anything of their number, by key. Leaves out the withdrawn routes: those depend on
    the order of the inputs, the end of a record does not."""
    read = {key: records.decode(record) for key, record in outcome.records.items()}
    return {
        key: records.encode(replace(one, facts=replace(one.facts, withdrawn_routes=()))) for key, one in read.items()
        if one.facts.history or one.orders or one.view.given_up or one.facts.parents or one.facts.children
    }
