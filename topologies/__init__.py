"""Wires the pure steps of ``streams/`` into Faust apps on Kafka, one app per stage, and runs them."""
