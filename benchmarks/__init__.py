"""Measures ShipSync beside the same work written as idiomatic, per-event Faust. ``python -m benchmarks``."""
