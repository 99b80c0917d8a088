"""Writes what came of a chunk: outputs, dead letters and the changelog, in the order that makes it safe."""
