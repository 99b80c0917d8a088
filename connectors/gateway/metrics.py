"""The gateway's Prometheus metrics; each name is declared here and nowhere else. No numbers or keys as labels."""

from __future__ import annotations

from typing import NamedTuple

from prometheus_client import Counter, Gauge, Histogram


class Meters(NamedTuple):
    """The counters of requests to one application."""

    requests: Counter
    seconds: Histogram
    refusals: Counter
    in_hand: Gauge


REQUESTS = Counter("shipsync_gateway_requests_total", "Requests answered", ["route", "status"])
SECONDS = Histogram(
    "shipsync_gateway_request_seconds", "From the request's head to its answer", ["route"],
    buckets=(0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30),
)
REFUSALS = Counter(
    "shipsync_gateway_refusals_total", "Requests and connections refused, by the code of the problem details", ["code"]
)
CONNECTIONS = Gauge("shipsync_gateway_connections", "Open connections")
BODIES = Gauge("shipsync_gateway_bodies", "Bodies held: being read, or waiting for Kafka", ["proven"])
BODY_BYTES = Gauge("shipsync_gateway_body_bytes", "Bytes of bodies held", ["proven"])
IN_HAND = Gauge("shipsync_gateway_requests_in_hand", "Pushes and documents being taken just now")
RECORDS = Counter("shipsync_gateway_records_total", "Records acknowledged by Kafka", ["topic"])
BYTES = Counter("shipsync_gateway_received_bytes_total", "Bytes of bodies taken", ["topic"])
METERS = Meters(REQUESTS, SECONDS, REFUSALS, IN_HAND)
