"""Every topic, declared once. Creation, registry subjects, the docs table and the tests derive from it.

Names are ``<entity>.<what>.v<major>``. Raw topics come one per feed from :func:`raw`, so a new carrier
needs no line here. Topic names are stored data: renaming one drops state.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

DAY_MS = 24 * 3600 * 1000


class Cleanup(Enum):
    """How Kafka ages a topic's records."""

    DELETE = "delete"
    COMPACT = "compact"


class Lifecycle(Enum):
    """Whether a topic may be built on."""

    DRAFT = "draft"
    ACTIVE = "active"
    DEPRECATED = "deprecated"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. ``schema`` names ``avro/<schema>.avsc``; None: the bytes are not ours to frame.

    ``partitions`` None: the installation's number (``SHIPSYNC_PARTITIONS``), equal for all that are joined.
    """

    name: str
    what: str
    key: str
    schema: str | None
    owner: str
    cleanup: Cleanup = Cleanup.DELETE
    retention_ms: int = 14 * DAY_MS
    partitions: int | None = None
    personal_data: bool = False
    lifecycle: Lifecycle = Lifecycle.ACTIVE

    @property
    def subject(self) -> str:
        """The registry subject of the value (TopicNameStrategy)."""
        return f"{self.name}-value"


CARRIER_EVENTS = Topic(
    "carrier.events.v1", "Canonical carrier events", "CARRIER:REFERENCE", "carrier_event", "intake, identity",
    personal_data=True,
)
CARRIER_UNRESOLVED = Topic(
    "carrier.unresolved.v1", "Canonical events without the carrier's own number", "TYPE:REFERENCE",
    "carrier_event", "intake", personal_data=True,
)
FEED_ACTIVITY = Topic(
    "feed.activity.v1", "What intake counted of each feed, chunk by chunk", "feed", "feed_activity", "intake",
    partitions=1, retention_ms=3 * DAY_MS,
)
FEED_PAUSES = Topic(
    "feed.pauses.v1", "Feeds whose intake is paused, because too many of their records became dead letters", "feed",
    "feed_pause", "intake, tower, command line", cleanup=Cleanup.COMPACT, partitions=1,
)
FEED_STATE = Topic(
    "feed.state.v1", "What is known of each feed; changelog of feeds", "feed", "feed_state", "feeds",
    cleanup=Cleanup.COMPACT, partitions=1,
)
ERP_ORDERS = Topic(
    "erp.orders.v1", "ERP orders and the shipments they expect", "order id", "order", "erp",
    retention_ms=90 * DAY_MS,
)
ERP_CURSORS = Topic(
    "erp.cursors.v1", "How far the orders of each ERP are read", "ERP", "erp_cursor", "order puller",
    cleanup=Cleanup.COMPACT, partitions=1,
)
WMS_CONFIRMATIONS = Topic(
    "wms.confirmations.v1", "What the warehouse picked, packed and shipped of each ERP delivery", "delivery id",
    "wms_confirmation", "gateway, intake", retention_ms=90 * DAY_MS,
)
DELIVERY_RELEASES = Topic(
    "delivery.releases.v1", "ERP deliveries as released to the warehouse, or cancelled", "delivery id",
    "delivery_release", "gateway", retention_ms=90 * DAY_MS, personal_data=True,
)
CARRIER_BOOKINGS = Topic(
    "carrier.bookings.v1", "Requests to carriers, and whose number a delivery has", "delivery id", "booking_request",
    "bookings", retention_ms=90 * DAY_MS, personal_data=True,
)
BOOKING_ANSWERS = Topic(
    "booking.answers.v1", "Carriers' answers", "delivery id", "booking_answer", "booking sender, intake",
)
BOOKING_DECISIONS = Topic(
    "booking.decisions.v1", "What people decided about bookings: book, rebook, accept, refuse, cancel", "delivery id",
    "booking_decision", "tower, command line", retention_ms=90 * DAY_MS, personal_data=True,
)
FREIGHT_INVOICES = Topic(
    "freight.invoices.v1", "Freight invoices", "delivery id", "freight_invoice", "intake", retention_ms=400 * DAY_MS,
)
BOOKING_STATE = Topic(
    "booking.state.v1", "Each delivery from release to carrier, and its freight invoices; changelog of bookings",
    "delivery id", "booking_state", "bookings", cleanup=Cleanup.COMPACT, personal_data=True,
)
ORDER_REFERENCES = Topic(
    "order.references.v1", "Orders' claims on shipments, co-partitioned with carrier events",
    "CARRIER:REFERENCE", "order_reference", "orders, identity, bookings", retention_ms=90 * DAY_MS,
)
ORDER_STATE = Topic(
    "order.state.v1", "The newest version of each order and its claims; changelog of orders", "order id",
    "order_state", "orders", cleanup=Cleanup.COMPACT,
)
REFERENCE_CLAIMS = Topic(
    "reference.claims.v1", "Which shipment a reference means, according to events, orders and people", "TYPE:REFERENCE",
    "reference_claim", "intake, orders, bookings", retention_ms=90 * DAY_MS,
)
REFERENCE_STATE = Topic(
    "reference.state.v1", "Which shipment each reference means, and what waits for it; changelog of identity",
    "TYPE:REFERENCE", "reference_state", "identity", cleanup=Cleanup.COMPACT, personal_data=True,
)
MASTER_DATA = Topic(
    "master.data.v1", "Carriers, customers, references and links, as people entered them", "KIND:ID",
    "master_data", "masterdata", cleanup=Cleanup.COMPACT,
)
SHIPMENT_LINKS = Topic(
    "shipment.links.v1", "Links: numbers that belong to another number's shipment, co-partitioned with carrier events",
    "CARRIER:REFERENCE of the child", "shipment_link", "intake, orders", retention_ms=90 * DAY_MS,
)
SHIPMENT_ADOPTIONS = Topic(
    "shipment.adoptions.v1", "Events that linked numbers pass to their parents, co-partitioned with carrier events",
    "CARRIER:REFERENCE of the parent", "shipment_adoption", "shipments", personal_data=True,
)
SHIPMENT_EVENTS = Topic(
    "shipment.events.v1", "The enriched canonical history", "CARRIER:REFERENCE", "enriched_event",
    "shipments", retention_ms=90 * DAY_MS, personal_data=True,
)
SHIPMENT_STATE = Topic(
    "shipment.state.v1", "The current truth about each shipment; changelog of shipments",
    "CARRIER:REFERENCE", "shipment_state", "shipments", cleanup=Cleanup.COMPACT, personal_data=True,
)
SHIPMENT_ARCHIVE = Topic(
    "shipment.archive.v1", "The last state of each shipment that was archived", "CARRIER:REFERENCE", "shipment_state",
    "shipments", retention_ms=3 * 365 * DAY_MS, personal_data=True,
)
SHIPMENT_DWELLS = Topic(
    "shipment.dwells.v1", "How long a shipment stayed in each status, sent once it has ended", "CARRIER:LANE:STATUS",
    "shipment_dwell", "shipments", partitions=1,
)
DWELL_NORMS = Topic(
    "dwell.norms.v1", "How long shipments usually stay in a status; changelog of norms", "CARRIER:LANE:STATUS",
    "dwell_norm", "norms", cleanup=Cleanup.COMPACT, partitions=1,
)
CUSTOMER_UPDATES = Topic(
    "customer.updates.v1", "Customer-facing milestones only", "customer id", "customer_update", "shipments",
    personal_data=True,
)
DELIVERY_MILESTONES = Topic(
    "delivery.milestones.v1", "Financially relevant facts, by ERP delivery", "delivery id",
    "delivery_milestone", "shipments, documents", retention_ms=90 * DAY_MS, personal_data=True,
)
ALERT_SIGNALS = Topic(
    "alert.signals.v1", "Signals of stages: the cause of an alert is there, or is over", "alert id", "alert_signal",
    "intake, shipments, feeds, edi, identity, notifications, bookings, drop folders, reader of orders", partitions=1,
    retention_ms=30 * DAY_MS,
)
ALERT_ACTIONS = Topic(
    "alert.actions.v1", "What people do about alerts", "alert id", "alert_action", "tower, gateway, command line",
    partitions=1, retention_ms=30 * DAY_MS, personal_data=True,
)
OPS_ALERTS = Topic(
    "ops.alerts.v1", "Every alert as it stands, with its history; changelog of alerts", "alert id", "alert", "alerts",
    cleanup=Cleanup.COMPACT, partitions=1, personal_data=True,
)
AUDIT_ACTIONS = Topic(
    "audit.actions.v1", "Every action of a person or a program: who, when, what, on what", "KIND:SUBJECT",
    "audit_action", "tower, gateway, command line", partitions=1, retention_ms=3 * 365 * DAY_MS, personal_data=True,
)
FULFILMENT_DECISIONS = Topic(
    "fulfilment.decisions.v1", "What people decided about deliveries that wait: release, waive, close", "delivery id",
    "fulfilment_decision", "tower, API, command line", retention_ms=90 * DAY_MS, personal_data=True,
)
FULFILMENT_STATE = Topic(
    "fulfilment.state.v1", "Where each ERP delivery stands, what was posted for it and what it waits for; changelog of"
    " fulfilment", "delivery id", "fulfilment_state", "fulfilment", cleanup=Cleanup.COMPACT, personal_data=True,
)
ERP_POSTINGS = Topic(
    "erp.postings.v1", "One posting per financially relevant fact", "delivery id", "erp_posting",
    "fulfilment", retention_ms=90 * DAY_MS, personal_data=True,
)
ERP_NOTICES = Topic(
    "erp.notices.v1", "What ERPs are told of deliveries that is no posting: readiness, bookings, exceptions",
    "delivery id", "erp_notice", "bookings, shipments", retention_ms=90 * DAY_MS, personal_data=True,
)
CUSTOMER_SUBSCRIPTIONS = Topic(
    "customer.subscriptions.v1", "Where each customer wants to be told of its shipments", "customer id",
    "customer_subscriptions", "command line, API", cleanup=Cleanup.COMPACT, personal_data=True,
)
NOTIFICATION_REQUESTS = Topic(
    "notification.requests.v1", "Attempts to tell customers something that are to be made", "customer id",
    "outbound_request", "notifications", personal_data=True,
)
NOTIFICATION_ATTEMPTS = Topic(
    "notification.attempts.v1", "Attempts that were made, with what the customer's endpoint answered", "customer id",
    "outbound_attempt", "notification sender",
)
NOTIFICATION_OUTCOMES = Topic(
    "notification.outcomes.v1", "Where each message to a customer is: waiting, sent, refused", "customer id",
    "outbound_outcome", "notifications", retention_ms=90 * DAY_MS,
)
NOTIFICATION_ACTIONS = Topic(
    "notification.actions.v1", "Opt-ins, opt-outs, and messages that are to be sent again", "customer id",
    "notification_action", "portal, command line", retention_ms=3 * DAY_MS, personal_data=True,
)
NOTIFICATION_STATE = Topic(
    "notification.state.v1", "Messages to customers that wait, and those sent; changelog of notifications",
    "KIND:DESTINATION:QUEUE", "outbound_state", "notifications", cleanup=Cleanup.COMPACT, personal_data=True,
)
ALERT_REQUESTS = Topic(
    "alert.requests.v1", "Attempts to tell channels of alerts that are to be made", "channel:CHANNEL",
    "outbound_request", "paging", partitions=1, personal_data=True,
)
ALERT_ATTEMPTS = Topic(
    "alert.attempts.v1", "Attempts that were made, with what the channel's service answered", "channel:CHANNEL",
    "outbound_attempt", "alert sender", partitions=1,
)
ALERT_OUTCOMES = Topic(
    "alert.outcomes.v1", "Where each message about alerts is: waiting, sent, refused", "channel:CHANNEL",
    "outbound_outcome", "paging", partitions=1, retention_ms=90 * DAY_MS,
)
PAGING_STATE = Topic(
    "paging.state.v1", "Which channels were told of which open alert, and messages that wait; changelog of paging",
    "KIND:ID", "paging_state", "paging", cleanup=Cleanup.COMPACT, partitions=1, personal_data=True,
)
POSTING_REQUESTS = Topic(
    "posting.requests.v1", "Attempts to post into an ERP that are to be made", "delivery id", "outbound_request",
    "postings", personal_data=True,
)
POSTING_ATTEMPTS = Topic(
    "posting.attempts.v1", "Attempts made, with the ERP's answer", "delivery id", "outbound_attempt", "posting sender",
)
POSTING_DECISIONS = Topic(
    "posting.decisions.v1", "What people decided about postings that an ERP refused", "delivery id",
    "outbound_decision", "tower, command line", retention_ms=90 * DAY_MS, personal_data=True,
)
POSTING_OUTCOMES = Topic(
    "posting.outcomes.v1", "Where each posting is: waiting, posted, held because the ERP refused it", "delivery id",
    "outbound_outcome", "postings", retention_ms=400 * DAY_MS, personal_data=True,
)
POSTING_STATE = Topic(
    "posting.state.v1", "Postings that wait, and those made; changelog of postings", "KIND:ERP:DELIVERY",
    "outbound_state", "postings", cleanup=Cleanup.COMPACT, personal_data=True,
)
DOCUMENT_WANTS = Topic(
    "document.wants.v1", "Deliveries that are to have the documents of a shipment", "CARRIER:REFERENCE",
    "delivery_milestone", "documents", personal_data=True,
)
SHIPMENT_DOCUMENTS = Topic(
    "shipment.documents.v1", "Each document of a shipment, as it stands", "CARRIER:REFERENCE", "shipment_document",
    "documents, document fetcher, gateway", retention_ms=400 * DAY_MS, personal_data=True,
)
DOCUMENT_REQUESTS = Topic(
    "document.requests.v1", "Attempts to fetch documents that are to be made", "CARRIER:REFERENCE", "outbound_request",
    "documents", personal_data=True,
)
DOCUMENT_ATTEMPTS = Topic(
    "document.attempts.v1", "Attempts that were made, with what the carrier's host answered", "CARRIER:REFERENCE",
    "outbound_attempt", "document fetcher",
)
DOCUMENT_CHASES = Topic(
    "document.chases.v1", "Missing documents that are asked for again", "delivery id", "document_chase", "documents",
    retention_ms=90 * DAY_MS, personal_data=True,
)
DOCUMENT_STATE = Topic(
    "document.state.v1", "Documents of each shipment, and who wants them; changelog of documents",
    "CARRIER:REFERENCE, or KIND:HOST:QUEUE", "document_state", "documents", cleanup=Cleanup.COMPACT, personal_data=True,
)
POLL_STATE = Topic(
    "poll.state.v1", "The state of each number that is polled; the pollers' cursor", "FEED:REFERENCE",
    "poll_state", "pollers", cleanup=Cleanup.COMPACT,
)
EDI_ACKNOWLEDGEMENTS = Topic(
    "edi.acknowledgements.v1", "Functional acknowledgements of EDI, ours to send and partners' received", "feed",
    "edi_acknowledgement", "intake", retention_ms=90 * DAY_MS,
)
EDI_INTERCHANGES = Topic(
    "edi.interchanges.v1", "EDI we sent, to be acknowledged", "feed", "edi_interchange", "booking sender",
    retention_ms=90 * DAY_MS,
)
EDI_RECEIPTS = Topic(
    "edi.receipts.v1", "Control numbers of EDI received, and the delivery that brought each first", "feed",
    "edi_receipt", "intake", partitions=1, retention_ms=30 * DAY_MS,
)
EDI_STATE = Topic(
    "edi.state.v1", "What partners acknowledged of what we sent; changelog of edi", "FEED:PARTNER:CONTROL",
    "edi_exchange", "edi", cleanup=Cleanup.COMPACT,
)
DEAD_LETTERS = Topic(
    "dead.letters.v1", "Index cards of all dead letters", "step", "dead_letter", "every step",
    retention_ms=90 * DAY_MS,
)


def dead_letter_topic(step: str) -> Topic:
    """``dlq.<step>.v1``: what ``step`` refused, byte for byte, with the Connect error headers."""
    return Topic(
        f"dlq.{step}.v1", f"What {step} refused, whole", "as it came", None, step,
        retention_ms=90 * DAY_MS, personal_data=True,
    )


DLQ_INTAKE = dead_letter_topic("intake")
DLQ_ORDERS = dead_letter_topic("orders")
DLQ_IDENTITY = dead_letter_topic("identity")
DLQ_SHIPMENTS = dead_letter_topic("shipments")
DLQ_FULFILMENT = dead_letter_topic("fulfilment")
DLQ_FEEDS = dead_letter_topic("feeds")
DLQ_NORMS = dead_letter_topic("norms")
DLQ_EDI = dead_letter_topic("edi")
DLQ_ALERTS = dead_letter_topic("alerts")
DLQ_NOTIFICATIONS = dead_letter_topic("notifications")
DLQ_PAGING = dead_letter_topic("paging")
DLQ_POSTINGS = dead_letter_topic("postings")
DLQ_DOCUMENTS = dead_letter_topic("documents")
DLQ_BOOKINGS = dead_letter_topic("bookings")

STATIC: tuple[Topic, ...] = (
    CARRIER_EVENTS, CARRIER_UNRESOLVED, FEED_ACTIVITY, FEED_PAUSES, FEED_STATE, ERP_ORDERS, ERP_CURSORS,
    WMS_CONFIRMATIONS, DELIVERY_RELEASES, CARRIER_BOOKINGS, BOOKING_ANSWERS, BOOKING_DECISIONS, BOOKING_STATE,
    FREIGHT_INVOICES, ORDER_REFERENCES, ORDER_STATE, REFERENCE_CLAIMS, REFERENCE_STATE, MASTER_DATA, SHIPMENT_LINKS,
    SHIPMENT_ADOPTIONS, SHIPMENT_EVENTS, SHIPMENT_STATE, SHIPMENT_ARCHIVE, SHIPMENT_DWELLS, DWELL_NORMS,
    CUSTOMER_UPDATES, DELIVERY_MILESTONES, ALERT_SIGNALS, ALERT_ACTIONS, OPS_ALERTS, AUDIT_ACTIONS,
    FULFILMENT_DECISIONS, FULFILMENT_STATE, ERP_POSTINGS, ERP_NOTICES, EDI_ACKNOWLEDGEMENTS, EDI_INTERCHANGES,
    EDI_RECEIPTS, EDI_STATE, POLL_STATE, CUSTOMER_SUBSCRIPTIONS, NOTIFICATION_REQUESTS, NOTIFICATION_ATTEMPTS,
    NOTIFICATION_OUTCOMES, NOTIFICATION_STATE, NOTIFICATION_ACTIONS, POSTING_REQUESTS, POSTING_ATTEMPTS,
    POSTING_DECISIONS, POSTING_OUTCOMES, POSTING_STATE, ALERT_REQUESTS, ALERT_ATTEMPTS, ALERT_OUTCOMES, PAGING_STATE,
    DOCUMENT_WANTS, SHIPMENT_DOCUMENTS, DOCUMENT_REQUESTS, DOCUMENT_ATTEMPTS, DOCUMENT_STATE, DOCUMENT_CHASES,
    DEAD_LETTERS, DLQ_INTAKE, DLQ_ORDERS, DLQ_IDENTITY, DLQ_SHIPMENTS, DLQ_FULFILMENT, DLQ_FEEDS, DLQ_NORMS, DLQ_EDI,
    DLQ_ALERTS, DLQ_NOTIFICATIONS, DLQ_POSTINGS, DLQ_PAGING, DLQ_DOCUMENTS, DLQ_BOOKINGS,
)

OF_ONE_SHIPMENT: tuple[Topic, ...] = (CARRIER_EVENTS, ORDER_REFERENCES, SHIPMENT_LINKS, SHIPMENT_ADOPTIONS)
"""The topics the shipments stage reads: keyed by the shipment and partitioned alike."""


def raw(feed: str) -> Topic:
    """``raw.<feed>.v1``: bytes as received, with the headers of ``config/headers.py``."""
    return Topic(
        f"raw.{feed}.v1", f"What {feed} sent, as received", "digest of EDI, else none", None, "gateway",
        retention_ms=30 * DAY_MS, personal_data=True,
    )


def raw_feed(topic: str) -> str:
    """The feed of a raw topic; the name itself for any other."""
    return topic.removeprefix("raw.").removesuffix(".v1")


def catalogue(feeds: Iterable[str]) -> tuple[Topic, ...]:
    """Every topic of an installation with these feeds, raw ones first."""
    return (*(raw(feed) for feed in sorted(feeds)), *STATIC)


def written_by(stage: str) -> frozenset[str]:
    """The names of the topics a stage writes to."""
    return frozenset(topic.name for topic in STATIC if stage in topic.owner.split(", "))
