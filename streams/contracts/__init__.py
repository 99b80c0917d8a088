"""The values of topics, one Struct each, and the deterministic ids they carry.

A context shares these with other contexts, and nothing else. The Structs mirror ``avro/*.avsc`` field by field, held by
a test.
"""
