"""The Prometheus metrics of the stages; each name is declared here and nowhere else.

All are moved once per chunk, never per event.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

EVENTS = Counter(
    "shipsync_events_total", "Records by what became of them", ["stage", "outcome"]
)
DEAD_LETTERS = Counter(
    "shipsync_dead_letters_total", "Records refused, by reason", ["stage", "reason"]
)
CARRIER_ERRORS = Counter(
    "shipsync_carrier_errors_total", "Carriers' answers that they have nothing to tell, by kind", ["feed", "kind"]
)
FLAGGED = Counter(
    "shipsync_flagged_events_total", "Events taken with a flag: wrong counts, unknown codes, check digits, times",
    ["feed", "flag"],
)
CHUNK_SECONDS = Histogram(
    "shipsync_chunk_seconds", "Time a chunk spent in each phase", ["stage", "phase"],
    buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30),
)
CHUNK_RECORDS = Histogram(
    "shipsync_chunk_records", "Records per chunk", ["stage"],
    buckets=(1, 10, 100, 500, 1000, 2500, 5000, 10000)
)
TRANSACTION_CHUNKS = Histogram(
    "shipsync_transaction_chunks", "Chunks, sweeps and positions made final by one transaction", ["stage"],
    buckets=(1, 2, 3, 4, 6, 8, 12, 16, 32, 64, 128),
)
CHUNKS_ABANDONED = Counter(
    "shipsync_chunks_abandoned_total", "Chunks let go of because their partition went", ["stage"]
)
LAG = Gauge("shipsync_lag_records", "Records not done yet", ["stage", "topic", "partition"])
FEED_PAUSED = Gauge(
    "shipsync_feed_paused", "1 while the raw records of a feed wait because too many became dead letters", ["feed"]
)
FULFILMENT_WAITS = Gauge(
    "shipsync_fulfilment_waits", "Deliveries of this worker's partitions that wait: for what, who sees to it, and"
    " whether the deadline has passed", ["kind", "owner", "overdue"],
)
AGE = Histogram(
    "shipsync_chunk_age_seconds", "From the oldest record's time on Kafka to its chunk being done",
    ["stage"], buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000),
)
RESTORE_SECONDS = Histogram(
    "shipsync_restore_seconds", "Time to bring one partition's state up to its changelog", ["stage"],
    buckets=(0.1, 0.3, 1, 3, 10, 30, 100, 300),
)
RESTORED_RECORDS = Counter("shipsync_restored_records_total", "Changelog records replayed", ["stage"])
STATE_REBUILDS = Counter(
    "shipsync_state_rebuilds_total", "Local states wiped: damaged, or not of this changelog", ["stage"]
)
UNREADABLE_CHANGES = Gauge(
    "shipsync_unreadable_changelog_records", "Changelog records a restore waits for, as they cannot be read",
    ["stage", "partition"],
)
ASSIGNED = Gauge(
    "shipsync_assigned_partitions", "Partitions this worker has; absent until the first assignment", ["stage"]
)
PROCESSING = Gauge(
    "shipsync_processing_info", "1: how this worker writes, exactly_once or at_least_once", ["stage", "processing"]
)
FOREIGN_CHANGES = Counter(
    "shipsync_foreign_changelog_writes_total",
    "Chunks that found records of another worker in a changelog partition they own", ["stage"],
)
