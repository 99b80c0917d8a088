"""Fetches documents from carriers' hosts."""
