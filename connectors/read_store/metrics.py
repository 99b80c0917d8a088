"""The Prometheus metrics of the read model's worker; each name is declared here and nowhere else."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

CHANGES = Counter("shipsync_read_model_changes_total", "Records put into the read model", ["topic"])
SKIPPED = Counter("shipsync_read_model_skipped_total", "Records that break their contract and are skipped", ["topic"])
BEHIND = Gauge("shipsync_read_model_behind_records", "Records on Kafka that are not in the read model yet")
DELAY = Histogram(
    "shipsync_read_model_delay_seconds", "From the writing of a record to Kafka to its row",
    buckets=(0.05, 0.1, 0.2, 0.5, 1, 2, 5, 15, 60, 300),
)
WRITE_SECONDS = Histogram(
    "shipsync_read_model_write_seconds", "Time one transaction took", buckets=(0.005, 0.02, 0.05, 0.1, 0.3, 1, 3)
)
CHECKPOINT_SECONDS = Histogram(
    "shipsync_read_model_checkpoint_seconds", "Time it took to copy the log into the file",
    buckets=(0.005, 0.02, 0.05, 0.1, 0.3, 1, 3, 10),
)
READY = Gauge("shipsync_read_model_ready", "1 once all topics were read to their end")
