"""Topic names and app ids are written down once, in ``config/topics.py`` and ``config/apps.py``, and never change by
accident."""

from __future__ import annotations

import re

from config import apps, topics
from tests.support.sources import ROOT, label, modules, strings

DECLARED = {topic.name for topic in topics.STATIC} | {app.app_id for app in apps.APPS}
FAMILY = re.compile(r"(raw|dlq)\.(\{\}|[a-z0-9.-]+)\.v\d+")
ELSEWHERE = [path for path in modules() if label(path) not in {"config/topics.py", "config/apps.py"}]
DATA = sorted(path for pattern in ("*.yaml", "*.json") for path in (ROOT / "connectors").rglob(pattern))

STORED_TOPICS = {
    "alert.actions.v1", "alert.attempts.v1", "alert.outcomes.v1", "alert.requests.v1", "alert.signals.v1",
    "audit.actions.v1", "booking.answers.v1", "booking.decisions.v1", "booking.state.v1", "carrier.bookings.v1",
    "carrier.events.v1", "carrier.unresolved.v1",
    "customer.updates.v1",
    "dead.letters.v1", "delivery.milestones.v1", "delivery.releases.v1", "dlq.alerts.v1", "dlq.bookings.v1",
    "freight.invoices.v1", "dlq.edi.v1", "dlq.feeds.v1", "dlq.fulfilment.v1",
    "dlq.identity.v1", "dlq.intake.v1", "dlq.norms.v1", "dlq.orders.v1", "dlq.shipments.v1", "dwell.norms.v1",
    "edi.acknowledgements.v1", "edi.interchanges.v1", "edi.receipts.v1", "edi.state.v1", "erp.cursors.v1",
    "erp.notices.v1", "erp.orders.v1",
    "erp.postings.v1", "feed.activity.v1", "feed.state.v1", "fulfilment.decisions.v1",
    "fulfilment.state.v1", "master.data.v1", "ops.alerts.v1",
    "order.references.v1", "order.state.v1", "paging.state.v1", "poll.state.v1", "posting.attempts.v1",
    "posting.decisions.v1", "posting.outcomes.v1", "posting.requests.v1", "posting.state.v1", "reference.claims.v1",
    "reference.state.v1",
    "shipment.archive.v1", "shipment.dwells.v1", "shipment.events.v1", "shipment.state.v1", "wms.confirmations.v1",
}
STORED_APPS = {
    "intake": ("shipsync-intake", None),
    "orders": ("shipsync-orders", "order.state.v1"),
    "identity": ("shipsync-identity", "reference.state.v1"),
    "shipments": ("shipsync-shipments", "shipment.state.v1"),
    "bookings": ("shipsync-bookings", "booking.state.v1"),
    "fulfilment": ("shipsync-fulfilment", "fulfilment.state.v1"),
    "feeds": ("shipsync-feeds", "feed.state.v1"),
    "norms": ("shipsync-norms", "dwell.norms.v1"),
    "edi": ("shipsync-edi", "edi.state.v1"),
    "alerts": ("shipsync-alerts", "ops.alerts.v1"),
    "notifications": ("shipsync-notifications", "notification.state.v1"),
    "paging": ("shipsync-paging", "paging.state.v1"),
    "postings": ("shipsync-postings", "posting.state.v1"),
}


def is_topic(text: str) -> bool:
    return text in DECLARED or FAMILY.fullmatch(text) is not None


def test_code_takes_topic_names_from_the_catalogue() -> None:
    quoted = [f"{label(path)}:{line}: {text}" for path in ELSEWHERE for line, text in strings(path) if is_topic(text)]
    assert quoted == [], "use config.topics"


def test_data_files_of_connectors_name_no_topic() -> None:
    naming = [
        f"{label(path)}: {word}" for path in DATA
        for word in set(re.findall(r"[a-z0-9.-]+", path.read_text("utf-8"))) if is_topic(word)
    ]
    assert naming == []


def test_topic_names_are_stored_data() -> None:
    gone = STORED_TOPICS - {topic.name for topic in topics.STATIC}
    assert gone == set(), "renaming a topic leaves its records behind; add the new one, retire the old"


def test_app_ids_are_stored_data() -> None:
    found = {app.name: (app.app_id, app.state_topic and app.state_topic.name) for app in apps.APPS}
    changed = {name: stored for name, stored in STORED_APPS.items() if found.get(name) != stored}
    assert changed == {}, "renaming this drops state: committed offsets and the state folder go by the app id"


def test_topic_names_follow_the_pattern() -> None:
    pattern = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+\.v\d+")
    assert [topic.name for topic in topics.catalogue(["fedex"]) if not pattern.fullmatch(topic.name)] == []


def test_topics_that_are_joined_have_as_many_partitions() -> None:
    by_shipment = (*topics.OF_ONE_SHIPMENT, topics.SHIPMENT_STATE)
    by_reference = (topics.CARRIER_UNRESOLVED, topics.REFERENCE_CLAIMS, topics.REFERENCE_STATE)
    for joined in (by_shipment, by_reference):
        assert {topic.partitions for topic in joined} == {joined[0].partitions}
    alerts = (
        topics.ALERT_SIGNALS, topics.ALERT_ACTIONS, topics.OPS_ALERTS, topics.ALERT_ATTEMPTS, topics.PAGING_STATE
    )
    assert {topic.partitions for topic in alerts} == {1}
