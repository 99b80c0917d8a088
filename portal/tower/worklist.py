"""The work list: open alerts, the most pressing first, each with what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from connectors.read_store.pages import Page
from connectors.read_store.reader import AlertFilter
from portal.pages.templates import PlainErrors, query
from portal.sign_in.people import Person
from portal.tower.acting import SNOOZES, known_alert
from portal.tower.links import alert_address
from portal.tower.lists import ROWS, every, given, table, with_cursor
from portal.tower.notifications import TONES
from portal.tower.saved import bar
from portal.tower.sent import SentAction
from portal.tower.services import TowerServices
from portal.tower.tiles import tiles
from portal.words.alerts import WORDING, Wording, who_was_told
from portal.words.times import iso
from streams.contracts.model import Alert
from streams.kernel.vocabulary import AlertKind, Severity
from streams.paging.told import told_on
from streams.read_model.project import OF_A_SHIPMENT

FILTERS = ("kind", "severity", "owner", "carrier")
NOBODY = "-"
"""In the filter of owners: alerts that nobody owns."""


class Item(NamedTuple):
    """An alert as the list shows it. ``shipment``: the key of the one it is about, else empty; ``customers``: names;
    ``told``: who was told of it, in words; ``sent``: an action it does not show yet."""

    alert: Alert
    wording: Wording
    shipment: str
    customers: list[str]
    promised_at: int | None
    told: str
    sent: SentAction | None


def items(services: TowerServices, alerts: list[Alert]) -> list[Item]:
    """The alerts with what a person has to know to decide."""
    names = services.names({order.customer_id for one in alerts for order in one.orders})
    promises = services.store.promises([one.subject for one in alerts if one.kind in OF_A_SHIPMENT])
    told, now, found = told_of(services, alerts), services.now(), []
    for one in alerts:
        key = one.subject if one.kind in OF_A_SHIPMENT and one.subject in promises else ""
        customers = list(dict.fromkeys(names[order.customer_id] for order in one.orders))
        found.append(Item(
            one, WORDING[one.kind], key, customers, promises[key] if key else None, told[one.alert_id],
            services.sent.waiting(f"alert:{one.alert_id}", one.changed_at, now),
        ))
    return found


def told_of(services: TowerServices, alerts: Sequence[Alert]) -> dict[str, str]:
    """Who was told of each of these alerts, in words."""
    now, messages = services.now(), services.store.messages_of_alerts(one.alert_id for one in alerts)
    return {one.alert_id: who_was_told(one, told_on(messages.get(one.alert_id, ())), now) for one in alerts}


def router(services: TowerServices) -> APIRouter:
    """``/tower`` and ``/tower/alerts/ID``."""
    api = APIRouter(route_class=PlainErrors, include_in_schema=False)

    def read(filters: dict[str, str | None], cursor: str | None) -> Page[Alert]:
        owner = "" if filters["owner"] == NOBODY else filters["owner"]
        wanted = AlertFilter(True, filters["kind"], filters["severity"], owner, filters["carrier"])
        return services.store.alerts(wanted, ROWS, cursor)

    def with_told(page: Page[Alert]) -> Page[tuple[Alert, str]]:
        told = told_of(services, page.rows)
        return Page([(one, told[one.alert_id]) for one in page.rows], page.next)

    @api.get("/tower")
    def worklist(request: Request, who: Person = Depends(services.signed_in)) -> Response:
        filters = given(request, FILTERS)
        page = read(filters, request.query_params.get("cursor"))
        return services.show(
            "worklist.html", who, "worklist", items=items(services, page.rows), tiles=tiles(services.store),
            filters=filters, kinds={one: WORDING[one].title for one in AlertKind}, severities=list(Severity),
            snoozes=SNOOZES, here=f"/tower{query(filters)}", nobody=NOBODY,
            more=query(with_cursor(filters, page.next)) if page.next else "", export=query(filters),
            saved=bar(services, who, "worklist", filters),
        )

    @api.get("/tower/alerts.csv")
    def export(request: Request, who: Person = Depends(services.signed_in)) -> Response:  # noqa: ARG001
        filters = given(request, FILTERS)
        read(filters, None)
        return table("alerts", (
            "alert_id", "kind", "severity", "state", "subject", "message", "cause", "owner", "carrier", "feed",
            "raised_at", "changed_at", "orders", "at_stake", "next_action", "told",
        ), (
            (
                one.alert_id, one.kind, one.severity, one.state, one.subject, one.message, one.cause, one.owner,
                one.carrier, one.feed, iso(one.raised_at), iso(one.changed_at),
                " ".join(order.order_id for order in one.orders),
                " ".join(f"{worth.amount:.2f} {worth.currency}" for worth in one.at_stake), WORDING[one.kind].action,
                told,
            )
            for one, told in every(lambda cursor: with_told(read(filters, cursor)))
        ))

    @api.get("/tower/alerts/{alert_id:path}")
    def one_alert(alert_id: str, who: Person = Depends(services.signed_in)) -> Response:
        alert = known_alert(services, alert_id)
        [item] = items(services, [alert])
        return services.show(
            "alert.html", who, "worklist", item=item,
            told=services.store.messages_of_alert(alert_id), tones=TONES, snoozes=SNOOZES, here=alert_address(alert_id),
        )

    return api
