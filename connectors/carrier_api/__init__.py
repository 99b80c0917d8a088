"""Requests to carriers' own APIs: how they are written and authorised, and their answers of bounded size."""
