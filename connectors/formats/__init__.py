"""Decoders of carriers' formats: they take bytes, return plain values, and raise ``Reject`` for invalid input."""
