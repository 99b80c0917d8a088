"""The records on topics, one Struct a topic value, and the deterministic ids they carry.

Every context reads and writes these and no other context's modules. ``avro/`` says the same, held by a test.
"""
