"""Keeps a stage's records on local disk, and brings them up to their changelog."""
