"""Reads Kafka: a member of a group, its records as chunks, and which of them wait."""
