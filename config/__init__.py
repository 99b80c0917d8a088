"""Declared once for everybody: topics, apps, feeds, settings. Imports nothing of the other packages."""
