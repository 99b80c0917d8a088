"""The Prometheus metrics of the sender; each name is declared here and nowhere else."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

ATTEMPTS = Counter(
    "shipsync_notification_attempts_total", "Attempts made, by channel and by how they ended", ["channel", "result"]
)
SECONDS = Histogram(
    "shipsync_notification_attempt_seconds", "Time an attempt took", buckets=(0.03, 0.1, 0.3, 1, 3, 10, 30)
)
IN_FLIGHT = Gauge("shipsync_notification_in_flight", "Requests taken from Kafka whose attempt is not yet on Kafka")
BEHIND = Gauge("shipsync_notification_behind", "Requests on the partitions of this sender that are not done")
UNREADABLE = Counter(
    "shipsync_notification_unreadable_total", "Requests that became dead letters, by reason", ["reason"]
)
UNWRITTEN = Counter(
    "shipsync_notification_unwritten_total", "Attempts that Kafka did not take at once; they are written again"
)
READY = Gauge("shipsync_notification_sender_ready", "1 while subscriptions are known and requests are read")
ALERT_ATTEMPTS = Counter(
    "shipsync_alert_attempts_total", "Attempts to tell a channel of alerts, by how they ended", ["channel", "result"]
)
ALERT_SECONDS = Histogram(
    "shipsync_alert_attempt_seconds", "Time an attempt to tell a channel took", buckets=(0.03, 0.1, 0.3, 1, 3, 10, 30)
)
ALERT_IN_FLIGHT = Gauge("shipsync_alert_in_flight", "Requests to tell channels whose attempt is not yet on Kafka")
ALERT_BEHIND = Gauge("shipsync_alert_behind", "Requests to tell channels that are not done")
ALERT_UNREADABLE = Counter(
    "shipsync_alert_unreadable_total", "Requests to tell channels that became dead letters, by reason", ["reason"]
)
ALERT_UNWRITTEN = Counter(
    "shipsync_alert_unwritten_total", "Attempts to tell channels that Kafka did not take at once; written again"
)
ALERT_READY = Gauge("shipsync_alert_sender_ready", "1 while requests to tell channels of alerts are read")
RATE_TURNS = Counter(
    "shipsync_outbound_rate_turns_total", "Attempts that waited for a declared rate, or were put off by it",
    ["rate", "outcome"],
)
SHARED_RATES_UP = Gauge(
    "shipsync_outbound_shared_rates_up", "1 while senders share declared rates by Redis; 0: each keeps them on its own"
)
