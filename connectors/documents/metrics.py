"""The Prometheus metrics of documents; each name is declared here and nowhere else."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

STORED = Counter("shipsync_documents_stored_total", "Documents that were stored, by type", ["media_type"])
BYTES = Counter("shipsync_documents_stored_bytes_total", "Bytes of documents that were stored")
REFUSED = Counter("shipsync_documents_refused_total", "Documents refused: for their content, or a virus", ["why"])
ATTEMPTS = Counter("shipsync_document_attempts_total", "Attempts to fetch a document, by how they ended", ["result"])
CALLS = Counter(
    "shipsync_document_api_calls_total", "Requests to carriers' APIs for documents, by status code or fault",
    ["feed", "status"],
)
SECONDS = Histogram(
    "shipsync_document_attempt_seconds", "Time an attempt took", buckets=(0.1, 0.3, 1, 3, 10, 30, 100)
)
IN_FLIGHT = Gauge("shipsync_document_in_flight", "Requests taken from Kafka whose attempt is not yet on Kafka")
BEHIND = Gauge("shipsync_document_behind", "Requests on the partitions of this fetcher that are not done")
UNREADABLE = Counter("shipsync_document_unreadable_total", "Requests that became dead letters, by reason", ["reason"])
UNWRITTEN = Counter(
    "shipsync_document_unwritten_total", "Attempts that Kafka did not take at once; they are written again"
)
READY = Gauge("shipsync_document_fetcher_ready", "1 while requests are read")
