"""The summary above the work list: how many shipments are late, at risk, on time, or silent."""

from __future__ import annotations

from typing import NamedTuple

from connectors.read_store.reader import ReadStore
from streams.kernel.vocabulary import AlertKind, Punctuality


class Tile(NamedTuple):
    """``link``: the list of what is counted; ``tone``: its colour."""

    name: str
    number: int
    says: str
    link: str
    tone: str


def tiles(store: ReadStore) -> list[Tile]:
    """The tiles, in the order of pressure. A shipment may be counted in two."""
    by = store.by_punctuality()
    alerts = store.open_alerts()

    def open_of(kind: AlertKind) -> int:
        return alerts.get(kind, 0)

    return [
        Tile("Late", open_of(AlertKind.DELIVERY_LATE), "promise has passed", "/tower?kind=delivery_late", "late"),
        Tile("At risk", by.get(Punctuality.AT_RISK, 0), "estimate after the promise",
             "/tower/shipments?punctuality=at_risk", "risk"),
        Tile("No signal", open_of(AlertKind.SHIPMENT_STALLED), "nothing heard for too long",
             "/tower?kind=shipment_stalled", "silent"),
        Tile("No estimate", by.get(Punctuality.NO_ESTIMATE, 0), "promised, but nobody says when",
             "/tower/shipments?punctuality=no_estimate", "none"),
        Tile("On time", by.get(Punctuality.ON_TIME, 0), "under way within the promise",
             "/tower/shipments?punctuality=on_time", "good"),
        Tile("Silent feeds", open_of(AlertKind.FEED_STALE), "carriers that do not report",
             "/tower?kind=feed_stale", "silent"),
    ]
