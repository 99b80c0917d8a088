"""Kafka and its schema registry: topics, compacted reads, keys, schema ids."""
