"""The Prometheus metrics of the pollers; each name is declared here and nowhere else."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

ANSWERS = Counter("shipsync_poll_answers_total", "Numbers asked for, by what came of it", ["feed", "outcome"])
REQUESTS = Counter("shipsync_poll_requests_total", "HTTP requests, by status code or fault", ["feed", "status"])
REQUEST_SECONDS = Histogram(
    "shipsync_poll_request_seconds", "Time a request took", ["feed"],
    buckets=(0.03, 0.1, 0.3, 1, 3, 10, 30),
)
FORWARDED = Counter("shipsync_poll_forwarded_total", "Answers passed on to the raw topic", ["feed"])
RETIRED = Counter("shipsync_poll_retired_total", "Numbers asked for no more, by reason", ["feed", "reason"])
NUMBERS = Gauge("shipsync_poll_numbers", "Numbers by where they are: due, waiting, or ended how", ["feed", "state"])
LAG = Gauge("shipsync_poll_lag_seconds", "How long the longest due number has been due", ["feed"])
CIRCUIT = Gauge("shipsync_poll_circuit", "1 for the state the circuit breaker is in", ["feed", "state"])
UNAUTHORISED = Gauge(
    "shipsync_poll_unauthorised", "1 while the carrier does not accept our credentials: a person has to look", ["feed"]
)
UNSAVED = Counter("shipsync_poll_unsaved_total", "Answers that did not reach Kafka and are asked for again", ["feed"])
MIRROR_UP = Gauge("shipsync_poll_mirror_up", "1 while Redis takes the cursor; polling goes on without")
READY = Gauge("shipsync_poll_ready", "1 once the cursor is restored and asking began")
