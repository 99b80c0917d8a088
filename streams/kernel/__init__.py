"""Holds what every context uses: the closed vocabularies, the errors, the result of a step and a bounded memory.

Imports nothing else of ShipSync. ``vocabulary.py`` is the canonical language that every carrier's codes are mapped to.
"""
