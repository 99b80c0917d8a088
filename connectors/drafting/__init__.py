"""Drafts a ``carrier.yaml`` from one sample payload; lines that a person must check are marked ``look:``."""
