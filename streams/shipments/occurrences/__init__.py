"""Occurrences: which reports of several sources are of one happening, and the number each is told under."""
