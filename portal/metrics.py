"""The portal's Prometheus metrics; each name is declared here and nowhere else. No numbers or keys as labels."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from connectors.gateway.metrics import Meters

METERS = Meters(
    Counter("shipsync_portal_requests_total", "Requests answered", ["route", "status"]),
    Histogram(
        "shipsync_portal_request_seconds", "From the request's head to its answer", ["route"],
        buckets=(0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30),
    ),
    Counter("shipsync_portal_refusals_total", "Requests refused, by the code of the problem details", ["code"]),
    Gauge("shipsync_portal_requests_in_hand", "Requests to the API in hand, open streams among them"),
)
STREAMS = Gauge("shipsync_portal_streams", "Open streams of changes")
STREAMS_CUT = Counter("shipsync_portal_streams_cut_total", "Streams closed because their reader was too slow")
REPLAYED = Counter("shipsync_portal_dead_letters_replayed_total", "Dead letters whose records people wrote again")
