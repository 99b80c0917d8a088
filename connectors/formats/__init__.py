"""Readers of the formats carriers speak: bytes in, plain values out, a ``Reject`` where it is no such thing."""
