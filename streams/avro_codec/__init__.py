"""Avro bytes <-> Structs: one function compiled from each schema, and Avro's binary primitives.

Knows no topic and no contract.
"""
