"""Shared by tests: brokers, topics, waiting for a condition."""
