"""``shipsync show KEY``: one shipment, order or alert with all that is known about it, from the read model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topologies.cli import find, read_model
from topologies.cli.alerts import plain_alert, show_alert
from topologies.cli.shipment_view import show_alerts, show_order, show_shipment
from topologies.operations.record_view import humane
from topologies.operations.terminal import echo_json

if TYPE_CHECKING:
    from connectors.read_store.reader import AlertFilter, ReadStore
    from streams.contracts.model import Alert, OrderState, ShipmentState

MOST_ALERTS, MOST_NAMED, PAGE = 20, 5, 1_000
_ALERT_ID = re.compile(r"[0-9a-f]{4,64}")


def command(
    key: Annotated[str, typer.Argument(
        help="CARRIER:NUMBER, an order, the first characters of an alert's id, or any number of one shipment.",
        show_default=False,
    )],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show one shipment, order or alert, with all that is known about it.

    Of a shipment: status, promise, estimates, links, timeline, what customers were told, postings, open alerts. Exit 1
    if there is no such thing; the nearest keys are named then.
    """
    from streams.kernel.errors import Fatal

    with read_model.opened() as store:
        if (state := _shipment(store, key)) is not None:
            _shipment_shown(store, state, as_json=as_json)
        elif (order := store.order(key.strip())) is not None:
            _order_shown(store, order, as_json=as_json)
        elif alerts := list(_alerts_beginning(store, key.strip().lower())):
            _alert_shown(store, key, alerts, as_json=as_json)
        else:
            raise Fatal(_unknown(store, key))
        if not as_json:
            read_model.note_age(store)


def _shipment(store: ReadStore, key: str) -> ShipmentState | None:
    """The shipment of a key, or the only one that a number leads to."""
    carrier, _, reference = key.partition(":")
    if reference:
        state = store.shipment(f"{carrier.strip().lower()}:{''.join(reference.split()).upper()}")
        if state is not None:
            return state
    if store.order(key.strip()) is not None:
        return None
    found = {one.key for one in store.find(key) if one.kind != "order"}
    return store.shipment(found.pop()) if len(found) == 1 else None


def _alerts_beginning(store: ReadStore, prefix: str) -> Iterator[Alert]:
    """The alerts whose id begins so, open or not."""
    from connectors.read_store.reader import AlertFilter

    if _ALERT_ID.fullmatch(prefix) is None:
        return
    cursor = None
    while True:
        page = store.alerts(AlertFilter(open=None), PAGE, cursor)
        yield from (one for one in page.rows if one.alert_id.startswith(prefix))
        cursor = page.next
        if cursor is None:
            return


def _alerts_of(store: ReadStore, wanted: AlertFilter) -> Sequence[Alert]:
    return store.alerts(wanted, MOST_ALERTS).rows


def _unknown(store: ReadStore, key: str) -> str:
    near = find.nearest(store, key)
    hint = f"did you mean {', '.join(near)}? " if near else ""
    return f"there is no shipment, order or alert {key!r}; {hint}shipsync find TEXT searches by any number"


def _shipment_shown(store: ReadStore, state: ShipmentState, *, as_json: bool) -> None:
    from connectors.read_store.reader import AlertFilter
    from portal.tower.timeline import entries
    from streams.read_model.project import key_of

    key = key_of(state.carrier, state.tracking_number)
    alerts = _alerts_of(store, AlertFilter(open=True, shipment=key))
    if as_json:
        from portal.api.shipments import postings_of, updates_of, whole

        _print(store, "shipment", {
            **whole(store, key, state).model_dump(mode="json"),
            "customer_updates": updates_of(store, key).model_dump(mode="json")["items"],
            "postings": postings_of(store, key).model_dump(mode="json")["items"],
            "alerts": [plain_alert(one) for one in alerts],
        })
        return
    show_shipment(state, entries(store.events(key), store.words(key), store.postings(shipment=key)))
    show_alerts(alerts)


def _order_shown(store: ReadStore, order: OrderState, *, as_json: bool) -> None:
    if as_json:
        from portal.api.orders import whole_order

        _print(store, "order", whole_order(store, order).model_dump(mode="json"))
        return
    show_order(order, store.shipments_of(order.order_id), store.postings(order=order.order_id))


def _alert_shown(store: ReadStore, key: str, alerts: list[Alert], *, as_json: bool) -> None:
    from streams.kernel.errors import Fatal
    from streams.paging.told import told_on

    if len(alerts) > 1:
        ids = ", ".join(one.alert_id for one in alerts[:MOST_NAMED])
        raise Fatal(f"{len(alerts)} alert ids begin with {key!r}: give more characters, such as of {ids}")
    [alert] = alerts
    told = told_on(store.messages_of_alerts([alert.alert_id]).get(alert.alert_id, ()))
    if as_json:
        _print(store, "alert", {**plain_alert(alert), "told": [humane(one._asdict()) for one in told]})
    else:
        show_alert(alert, told=told)


def _print(store: ReadStore, kind: str, plain: dict[str, Any]) -> None:
    echo_json({**read_model.age(store), "kind": kind, kind: plain})
