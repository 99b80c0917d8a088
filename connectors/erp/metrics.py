"""The Prometheus metrics of the postings' sender; each name is declared here and nowhere else."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

ATTEMPTS = Counter("shipsync_posting_attempts_total", "Attempts to post, by ERP and how they ended", ["erp", "result"])
NOTICES = Counter(
    "shipsync_notice_attempts_total", "Attempts to write notices, by ERP and how they ended", ["erp", "result"]
)
FOUND = Counter(
    "shipsync_posting_found_total", "Postings and notices that a look-up found, and that were not sent again", ["erp"]
)
SECONDS = Histogram(
    "shipsync_posting_attempt_seconds", "Time an attempt took, with its look-up", ["erp"],
    buckets=(0.1, 0.3, 1, 3, 10, 30, 100),
)
IN_FLIGHT = Gauge("shipsync_posting_in_flight", "Requests taken from Kafka whose attempt is not yet on Kafka")
BEHIND = Gauge("shipsync_posting_behind", "Requests on the partitions of this sender that are not done")
UNREADABLE = Counter("shipsync_posting_unreadable_total", "Requests that became dead letters, by reason", ["reason"])
UNWRITTEN = Counter(
    "shipsync_posting_unwritten_total", "Attempts that Kafka did not take at once; they are written again"
)
READY = Gauge("shipsync_posting_sender_ready", "1 while requests are read")
