"""The Prometheus metrics of reading orders from ERPs; each name is declared here and nowhere else."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

ORDERS = Counter(
    "shipsync_erp_orders_total", "Orders read from ERPs: written, unchanged since they were read last, or refused",
    ["erp", "outcome"],
)
ROUNDS = Counter("shipsync_erp_order_rounds_total", "Rounds of reading orders, by how they ended", ["erp", "result"])
UP = Gauge("shipsync_erp_orders_up", "1 while the last round read all the ERP had", ["erp"])
SUCCEEDED = Gauge("shipsync_erp_orders_read_timestamp_seconds", "When a round last read all the ERP had", ["erp"])
READY = Gauge("shipsync_order_puller_ready", "1 once the cursors are restored and orders are read")
