"""Runs a stage on Kafka: transport, chunks, order of writes, local state, changelog, poison, watchdog."""
