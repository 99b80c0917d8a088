"""What everything else rests on: the closed vocabularies, the errors and the bounded memory.

Imports nothing of ours. ``vocabulary.py`` is the canonical language every carrier's codes are mapped to.
"""
