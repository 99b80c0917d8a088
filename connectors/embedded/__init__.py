"""Servers that come out of wheels, for a machine with Python only: no container, nothing on disk."""
