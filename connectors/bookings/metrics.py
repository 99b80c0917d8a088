"""The Prometheus metrics of the bookings' sender; each name is declared here and nowhere else."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

ATTEMPTS = Counter(
    "shipsync_booking_attempts_total", "Requests to carriers, by carrier, kind and how they ended",
    ["carrier", "kind", "result"],
)
SECONDS = Histogram(
    "shipsync_booking_attempt_seconds", "Time a request to a carrier took", ["carrier"],
    buckets=(0.1, 0.3, 1, 3, 10, 30, 100),
)
IN_FLIGHT = Gauge("shipsync_booking_in_flight", "Requests taken from Kafka whose answer is not yet on Kafka")
BEHIND = Gauge("shipsync_booking_behind", "Requests on the partitions of this sender that are not done")
UNREADABLE = Counter("shipsync_booking_unreadable_total", "Requests that became dead letters, by reason", ["reason"])
UNWRITTEN = Counter(
    "shipsync_booking_unwritten_total", "Answers that Kafka did not take at once; they are written again"
)
READY = Gauge("shipsync_booking_sender_ready", "1 while requests are read")
